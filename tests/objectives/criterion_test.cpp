// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

CriterionContext context(double t, int64_t k = 256, int64_t items = 3416, bool clamped = false) {
  CriterionContext c;
  c.num_items = items;
  c.candidates = k;
  c.gbce_t = t;
  c.clamped = clamped;
  return c;
}

template <typename T>
double loss_of(const Criterion& criterion, std::vector<T>& scores,
               const std::vector<int32_t>& positives = {0},
               const std::vector<float>& weights = {1}) {
  return criterion.apply(ScoreRow<T>{scores, positives, weights});
}

std::vector<double> random_scores(size_t n, uint64_t seed, double spread) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<double> scores(n);
  for (double& score : scores) score = spread * random.normal();
  return scores;
}

// The positive term alone: one candidate more whose softplus is exactly 0 as the only negative.
double positive_term(double score, double t, bool clamped) {
  const auto criterion = find_criterion("gbce").make(context(t, 256, 3416, clamped));
  std::vector<double> scores = {score, -1e4};
  return 2.0 * loss_of(*criterion, scores);
}

TEST(Gbce, PositiveTermMatchesThePublishedTable) {
  // gsasrec.md 2.2: n = 3416, k = 256, t = 0.75
  EXPECT_NEAR(positive_term(-30, 0.75, false), 9.18667642753, 1e-10);
  EXPECT_NEAR(positive_term(-23.5, 0.75, false), 7.19622986825, 1e-10);
  EXPECT_NEAR(positive_term(-10, 0.75, false), 3.06223937801, 1e-10);
  EXPECT_NEAR(positive_term(-5, 0.75, false), 1.53316912904, 1e-10);
  EXPECT_NEAR(positive_term(-1, 0.75, false), 0.402150339597, 1e-11);
  EXPECT_NEAR(positive_term(0, 0.75, false), 0.212257295482, 1e-11);
  EXPECT_NEAR(positive_term(1, 0.75, false), 0.0959277920124, 1e-12);
  EXPECT_NEAR(positive_term(5, 0.75, false), 0.00205639112225, 1e-13);
  EXPECT_NEAR(positive_term(20, 0.75, false), 6.31171712575e-10, 1e-19);
}

TEST(Gbce, ClampedFormMatchesTheOriginalInsideAndOutsideItsClamps) {
  EXPECT_NEAR(positive_term(-30, 0.75, true), 7.05103473206, 1e-10);
  EXPECT_NEAR(positive_term(-23.5, 0.75, true), 7.05103473206, 1e-10);
  EXPECT_NEAR(positive_term(-10, 0.75, true), 3.06223937801, 1e-10);
  EXPECT_NEAR(positive_term(20, 0.75, true), 6.31171781307e-10, 1e-17);
  EXPECT_NEAR(positive_term(23, 0.75, true), 1.00000008269e-10, 1e-18);
  for (double score = -19.5; score < 20; score += 0.5) {
    EXPECT_NEAR(positive_term(score, 0.75, true), positive_term(score, 0.75, false), 1e-9) << score;
  }
}

TEST(Gbce, ClampedFormHasNoGradientOutsideItsClamps) {
  const auto criterion = find_criterion("gbce").make(context(0.75, 256, 3416, true));
  for (const double score : {-24.0, -30.0, 23.0}) {
    std::vector<double> scores = {score, 0.0};
    loss_of(*criterion, scores);
    EXPECT_EQ(scores[0], 0.0) << score;
  }
}

TEST(Gbce, BetaFollowsAlphaAndT) {
  // Loss of a positive at score 0 beside a silent negative is beta ln 2 / 2 (gsasrec.md 2.1).
  const struct {
    int64_t k, n;
    double t, beta;
  } rows[] = {{256, 3416, 0.75, 0.306222548},
              {256, 3416, 1.0, 0.074963397},
              {1, 3416, 0.0, 1.0},
              {128, 3416, 0.5, 0.518740849},
              {128, 1271638, 0.75, 0.250075493},
              {256, 1271638, 1.0, 0.000201315}};
  for (const auto& row : rows) {
    const auto criterion = find_criterion("gbce").make(context(row.t, row.k, row.n));
    std::vector<double> scores = {0.0, -1e4};
    EXPECT_NEAR(2.0 * loss_of(*criterion, scores) / std::log(2.0), row.beta, 1e-9);
  }
}

TEST(Gbce, TZeroIsPlainBceBitForBit) {
  const auto gbce = find_criterion("gbce").make(context(0.0));
  const auto bce = find_criterion("bce").make(context(0.0));
  const std::vector<double> wide = random_scores(257, 3, 4.0);
  std::vector<float> a(wide.begin(), wide.end());
  std::vector<float> b = a;
  EXPECT_EQ(loss_of(*gbce, a), loss_of(*bce, b));
  EXPECT_EQ(a, b);
}

TEST(Gbce, RefusesMoreNegativesThanTheCatalogueHasOthers) {
  EXPECT_THROW(find_criterion("gbce").make(context(0.5, 6, 6)), Error);
  EXPECT_THROW(find_criterion("gbce").make(context(0.5, 0, 6)), Error);
  EXPECT_NO_THROW(find_criterion("gbce").make(context(0.5, 5, 6)));
}

TEST(Softmax, EqualScoresCostTheLogOfTheCandidates) {
  const auto criterion = find_criterion("softmax").make(context(0));
  std::vector<double> scores(100, 1.5);
  EXPECT_NEAR(loss_of(*criterion, scores, {7}), std::log(100.0), 1e-12);
  EXPECT_NEAR(scores[7], 0.01 - 1.0, 1e-12);
  EXPECT_NEAR(scores[8], 0.01, 1e-12);
}

TEST(Softmax, WeightedPositivesShareTheRow) {
  const auto criterion = find_criterion("softmax").make(context(0));
  const std::vector<double> start = random_scores(9, 5, 1.0);
  std::vector<double> both = start, first = start, second = start;
  const double together = loss_of(*criterion, both, {2, 5}, {0.75f, 0.25f});
  const double a = loss_of(*criterion, first, {2});
  const double b = loss_of(*criterion, second, {5});
  EXPECT_NEAR(together, 0.75 * a + 0.25 * b, 1e-12);
  for (size_t i = 0; i < both.size(); ++i) {
    EXPECT_NEAR(both[i], 0.75 * first[i] + 0.25 * second[i], 1e-12);
  }
}

// ---- what being on the list promises ----

class EveryCriterion : public testing::TestWithParam<const CriterionInfo*> {
 protected:
  std::unique_ptr<Criterion> criterion_ = GetParam()->make(context(0.75, 8, 40));
};

/// Positives of a row and their weights.
struct Positives {
  std::vector<int32_t> places;
  std::vector<float> weights;
};

TEST_P(EveryCriterion, GradientEqualsFiniteDifferences) {
  const Positives all[] = {{{3}, {1.0f}}, {{0, 4}, {1.0f, 0.5f}}, {{8, 2, 0}, {0.2f, 1.0f, 2.0f}}};
  for (const Positives& positives : all) {
    const std::vector<double> start = random_scores(9, 11, 2.0);
    std::vector<double> gradient = start;
    loss_of(*criterion_, gradient, positives.places, positives.weights);
    for (size_t i = 0; i < start.size(); ++i) {
      constexpr double kStep = 1e-5;
      std::vector<double> up = start, down = start;
      up[i] += kStep;
      down[i] -= kStep;
      const double slope = (loss_of(*criterion_, up, positives.places, positives.weights) -
                            loss_of(*criterion_, down, positives.places, positives.weights)) /
                           (2 * kStep);
      EXPECT_NEAR(gradient[i], slope, 1e-8) << i;
    }
  }
}

TEST_P(EveryCriterion, FloatAgreesWithDouble) {
  const Positives all[] = {{{0}, {1.0f}}, {{250, 3}, {0.25f, 1.5f}}};
  // The published form loses digits of 1 - sigma in float32: that is what it is kept for.
  const double tolerance = GetParam()->name == "bce-published" ? 1e-4 : 1e-6;
  for (const Positives& positives : all) {
    const std::vector<double> start = random_scores(257, 13, 3.0);
    std::vector<double> exact = start;
    std::vector<float> fast(start.begin(), start.end());
    const double loss = loss_of(*criterion_, exact, positives.places, positives.weights);
    EXPECT_NEAR(loss_of(*criterion_, fast, positives.places, positives.weights), loss,
                tolerance * std::abs(loss));
    for (size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(fast[i], exact[i], 1e-6);
  }
}

TEST_P(EveryCriterion, IsFiniteForLargeScores) {
  for (const float size : {100.0f, 1000.0f, 1e4f, 1e6f, 1e8f, 1e10f, 1e12f}) {
    for (const std::vector<int32_t>& positives : {std::vector<int32_t>{0}, {1}, {4}}) {
      std::vector<float> scores = {-size, size, -size, size, 0.0f};
      EXPECT_TRUE(std::isfinite(loss_of(*criterion_, scores, positives))) << size;
      for (const float gradient : scores) EXPECT_TRUE(std::isfinite(gradient)) << size;
    }
  }
}

TEST_P(EveryCriterion, PushesThePositiveUpAndItsStrongestRivalDown) {
  const std::vector<double> start = random_scores(9, 17, 1.0);
  const auto rival = std::max_element(start.begin() + 1, start.end()) - start.begin();
  std::vector<double> scores = start;
  loss_of(*criterion_, scores);
  EXPECT_LT(scores[0], 0);
  EXPECT_GT(scores[static_cast<size_t>(rival)], 0);
  // Softmax weights let BPR-max and TOP1-max spare the weak, TOP1 draws scores towards zero.
  for (const char* name : {"bce", "bce-mean", "gbce", "softmax", "bpr"}) {
    if (GetParam()->name != name) continue;
    for (size_t i = 1; i < scores.size(); ++i) EXPECT_GT(scores[i], 0);
  }
}

TEST_P(EveryCriterion, IsSilentWithoutNegativesUnlessItIsBinary) {
  if (!criterion_->needs_whole_rows() && GetParam()->name != "softmax") return;
  std::vector<double> scores = {0.5};
  EXPECT_NEAR(loss_of(*criterion_, scores), 0, 1e-15);
  EXPECT_NEAR(scores[0], 0, 1e-15);
}

INSTANTIATE_TEST_SUITE_P(List, EveryCriterion, testing::ValuesIn(criterion_list()),
                         [](const auto& test) {
                           std::string name = test.param->name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(CriterionList, IsTheTableOfTheDocumentation) {
  std::ifstream file(std::filesystem::path(TRUENEXT_SOURCE_DIR) / "docs" / "objectives.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("\n" + criterion_table() + "\n"), std::string::npos)
      << "docs/objectives.md should hold what `truenext train --criteria` prints:\n"
      << criterion_table();
}

TEST(CriterionList, NamesTheNearestForATypo) {
  try {
    find_criterion("sofmax");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean \"softmax\""), std::string::npos);
  }
}

}  // namespace
}  // namespace truenext
