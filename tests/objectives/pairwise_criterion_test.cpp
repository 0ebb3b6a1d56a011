// SPDX-License-Identifier: Apache-2.0
// Identities of the criteria of Li et al. 2023's comparison: BCE-S, BPR, BPR-max, TOP1, TOP1-max.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "objectives/criterion.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

std::unique_ptr<Criterion> criterion(const std::string& name, double bpr_max_reg = 0) {
  CriterionContext context;
  context.num_items = 3416;
  context.candidates = 8;
  context.bpr_max_reg = bpr_max_reg;
  return find_criterion(name).make(context);
}

/// Loss of a row; the scores become gradients.
template <typename T>
double loss_of(const std::string& name, std::vector<T>& scores,
               const std::vector<int32_t>& positives = {0}, const std::vector<float>& weights = {1},
               double bpr_max_reg = 0) {
  return criterion(name, bpr_max_reg)->apply(ScoreRow<T>{scores, positives, weights});
}

double value(const std::string& name, std::vector<double> scores) {
  return loss_of(name, scores);
}

std::vector<double> random_scores(size_t n, uint64_t seed, double spread = 1) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<double> scores(n);
  for (double& score : scores) score = spread * random.normal();
  return scores;
}

void expect_same(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12) << i;
}

TEST(PairwiseCriteria, EqualTheirFormulas) {
  const std::vector<double> row = random_scores(6, 3, 2);
  const double r = row[0];
  double top = 0, bpr = 0, top1 = 0, inside = 0, top1_max = 0, squares = 0;
  for (size_t j = 1; j < row.size(); ++j) top += std::exp(row[j]);
  for (size_t j = 1; j < row.size(); ++j) {
    const double a = std::exp(row[j]) / top;
    const double both = sigmoid(row[j] - r) + sigmoid(row[j] * row[j]);
    bpr -= std::log(sigmoid(r - row[j])) / 5;
    inside += a * sigmoid(r - row[j]);
    squares += a * row[j] * row[j];
    top1 += both / 5;
    top1_max += a * both;
  }
  EXPECT_NEAR(value("bpr", row), bpr, 1e-12);
  EXPECT_NEAR(value("bpr-max", row), -std::log(inside), 1e-12);
  EXPECT_NEAR(value("top1", row), top1, 1e-12);
  EXPECT_NEAR(value("top1-max", row), top1_max, 1e-12);
  std::vector<double> scores = row;
  EXPECT_NEAR(loss_of("bpr-max", scores, {0}, {1}, 0.5), -std::log(inside) + 0.5 * squares, 1e-12);
}

TEST(PairwiseCriteria, MaxFormsWithOneNegativeAreThePlainOnes) {
  for (const double negative : {-3.0, 0.1, 7.0}) {
    for (const auto& [max, plain] : {std::pair{"bpr-max", "bpr"}, {"top1-max", "top1"}}) {
      std::vector<double> a = {0.4, negative}, b = a;
      EXPECT_NEAR(loss_of(max, a), loss_of(plain, b), 1e-12);
      expect_same(a, b);
    }
  }
}

TEST(PairwiseCriteria, WeightedPositivesAddUp) {
  const std::vector<double> start = random_scores(12, 5, 2);
  const std::vector<double> weights = {0.75, 2};
  for (const std::string name : {"bce-mean", "bpr", "bpr-max", "top1", "top1-max", "bpr-published",
                                 "bpr-max-published", "top1-published", "top1-max-published"}) {
    std::vector<double> both = start;
    const double together = loss_of(name, both, {7, 2}, {0.75f, 2});
    double apart = 0;
    std::vector<double> sum(12, 0.0);
    const size_t places[] = {7, 2};
    for (size_t p = 0; p < 2; ++p) {
      std::vector<double> one = start;
      one.erase(one.begin() + static_cast<std::ptrdiff_t>(places[1 - p]));
      const size_t place = p == 0 ? 6 : 2;  // of the other once one is gone
      apart += weights[p] * loss_of(name, one, {static_cast<int32_t>(place)}, {1});
      one.insert(one.begin() + static_cast<std::ptrdiff_t>(places[1 - p]), 0.0);
      for (size_t i = 0; i < 12; ++i) sum[i] += weights[p] * one[i];
    }
    EXPECT_NEAR(together, apart, 1e-12) << name;
    expect_same(both, sum);
  }
}

TEST(PairwiseCriteria, FollowAPositiveFarBehind) {
  // Where sigma(s+ - s_j) underflows in float32 the loss is still the distance.
  for (const float gap : {50.0f, 200.0f, 5000.0f}) {
    std::vector<float> row = {-gap, 0.0f, -1e4f};
    EXPECT_NEAR(loss_of("bpr-max", row), static_cast<double>(gap), 1e-3);
    EXPECT_NEAR(static_cast<double>(row[0]), -1.0, 1e-6);
    row = {-gap, 0.0f};
    EXPECT_NEAR(loss_of("bpr", row), static_cast<double>(gap), 1e-3);
    EXPECT_NEAR(static_cast<double>(row[0]), -1.0, 1e-6);
  }
}

TEST(BceMean, WithOneNegativeIsTwiceTheMeanOverBoth) {
  std::vector<double> a = {0.3, -1.2}, b = a;
  EXPECT_NEAR(loss_of("bce-mean", a), 2 * loss_of("bce", b), 1e-12);
  for (double& g : b) g *= 2;
  expect_same(a, b);
}

TEST(BceMean, NegativesTogetherWeighAsMuchAsThePositive) {
  for (const size_t negatives : {1, 10, 1000}) {
    std::vector<double> row(negatives + 1, 0.0);
    EXPECT_NEAR(loss_of("bce-mean", row), 2 * std::log(2.0), 1e-12);
    double sum = 0;
    for (size_t j = 1; j < row.size(); ++j) sum += row[j];
    EXPECT_NEAR(sum, -row[0], 1e-12);
  }
}

TEST(BceMean, KeepsTheGradientThatThePublishedFormLoses) {
  std::vector<float> row = {0, 50}, published = row;
  EXPECT_NEAR(loss_of("bce-mean", row), std::log(2.0) + 50, 1e-5);
  EXPECT_NEAR(static_cast<double>(row[1]), 1, 1e-6);
  EXPECT_NEAR(loss_of("bce-published", published), std::log(2.0) - std::log(1e-24), 1e-4);
  EXPECT_EQ(published[1], 0.0f);
  std::vector<float> inside = {1, 12, -12}, same = inside;
  const double loss = loss_of("bce-mean", inside);
  EXPECT_NEAR(loss_of("bce-published", same), loss, 1e-3 * loss);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(same[i], inside[i], 1e-6f);
}

}  // namespace
}  // namespace truenext
