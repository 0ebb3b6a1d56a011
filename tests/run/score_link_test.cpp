// SPDX-License-Identifier: Apache-2.0
#include "run/score_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "base/error.h"
#include "objectives/criterion.h"

namespace truenext {
namespace {

constexpr int kItems = 4;
const std::vector<double> kTruth = {0.5, 0.3, 0.15, 0.05};

ObjectiveOptions objective(const std::string& criterion, int64_t negatives, double t,
                           Exclusion exclude = Exclusion::none) {
  ObjectiveOptions options;
  options.criterion = criterion;
  options.negatives = negatives;
  options.gbce_t = t;
  options.exclude = exclude;
  return options;
}

/// The gradient of the expected loss of one context at `scores`, by going through every positive
/// and every draw of negatives that the objective can make.
std::vector<double> expected_gradient(const ObjectiveOptions& options,
                                      const std::vector<double>& scores) {
  const bool full = options.candidates == CandidateSet::full;
  const int64_t draws = full ? kItems - 1 : options.negatives;
  const auto criterion =
      find_criterion(options.criterion).make({kItems, draws, options.gbce_t, false});
  std::vector<double> gradient(kItems, 0.0);
  std::vector<int32_t> items;
  const auto add = [&](double weight) {
    std::vector<double> row;
    for (const int32_t item : items) row.push_back(scores[static_cast<size_t>(item)]);
    const int32_t place = 0;
    const float one = 1;
    criterion->apply(ScoreRow<double>{row, {&place, 1}, {&one, 1}, nullptr});
    for (size_t i = 0; i < items.size(); ++i) {
      gradient[static_cast<size_t>(items[i])] += weight * row[i];
    }
  };
  for (int32_t positive = 0; positive < kItems; ++positive) {
    items.assign(1, positive);
    const double p = kTruth[static_cast<size_t>(positive)];
    if (full) {
      for (int32_t item = 0; item < kItems; ++item) {
        if (item != positive) items.push_back(item);
      }
      add(p);
      continue;
    }
    const bool excludes = options.exclude == Exclusion::positive;
    const double each = 1.0 / (excludes ? kItems - 1 : kItems);
    const std::function<void(int64_t, double)> draw = [&](int64_t left, double weight) {
      if (left == 0) {
        add(weight);
        return;
      }
      for (int32_t item = 0; item < kItems; ++item) {
        if (excludes && item == positive) continue;
        items.push_back(item);
        draw(left - 1, weight * each);
        items.pop_back();
      }
    };
    draw(options.negatives, p);
  }
  return gradient;
}

/// Scores that minimise the expected loss: damped Newton steps with the diagonal of the Hessian by
/// finite differences, until the gradient is gone.
std::vector<double> optimum(const ObjectiveOptions& options) {
  constexpr double kSmall = 1e-5;
  std::vector<double> scores(kItems, 0.0);
  double largest = 1;
  for (int step = 0; step < 300 && largest > 1e-8; ++step) {
    const std::vector<double> gradient = expected_gradient(options, scores);
    std::vector<double> next = scores;
    largest = 0;
    for (size_t i = 0; i < kItems; ++i) {
      std::vector<double> moved = scores;
      moved[i] += kSmall;
      const double bend = (expected_gradient(options, moved)[i] - gradient[i]) / kSmall;
      next[i] -= 0.6 * gradient[i] / bend;
      largest = std::max(largest, std::abs(gradient[i]));
    }
    scores = next;
  }
  EXPECT_LE(largest, 1e-8) << "no optimum was found";
  return scores;
}

Calibration calibration_of(const ScoreLink& link, bool normalised) {
  Calibration calibration;
  calibration.normalised = normalised;
  calibration.link = link.kind;
  calibration.offset = link.offset;
  return calibration;
}

void expect_truth(const ObjectiveOptions& options, bool normalised) {
  const std::vector<double> scores = optimum(options);
  const ScoreLink link = score_link(options, kItems);
  EXPECT_TRUE(link.exact);
  EXPECT_EQ(link.anchored, options.criterion != "softmax");
  const Calibration calibration = calibration_of(link, normalised);
  const std::vector<float> row(scores.begin(), scores.end());
  for (size_t i = 0; i < kItems; ++i) {
    EXPECT_NEAR(calibration.probability(scores[i], calibration.log_normaliser(row)), kTruth[i],
                1e-5)
        << options.criterion << " t " << options.gbce_t << " k " << options.negatives << " exclude "
        << word_of(options.exclude) << " item " << i;
  }
}

TEST(ScoreLink, InvertsTheOptimumOfEveryAnchoredObjective) {
  for (const Exclusion exclude : {Exclusion::none, Exclusion::positive}) {
    for (const int64_t k : {1, 2}) {
      for (const double t : {0.0, 0.75, 1.0}) expect_truth(objective("gbce", k, t, exclude), false);
      expect_truth(objective("bce", k, 0.3, exclude), false);
    }
  }
  ObjectiveOptions full = objective("gbce", 1, 0.5);
  full.candidates = CandidateSet::full;
  expect_truth(full, false);
}

TEST(ScoreLink, NormalisedProbabilitiesAreTheTruthToo) {
  expect_truth(objective("softmax", 2, 0), true);  // sampled softmax over uniform draws
  expect_truth(objective("gbce", 2, 0.75), true);
  ObjectiveOptions full = objective("softmax", 1, 0);
  full.candidates = CandidateSet::full;
  expect_truth(full, true);
}

TEST(ScoreLink, SigmoidIsTheProbabilityForFullyCalibratedGbceOnly) {
  EXPECT_NEAR(score_link(objective("gbce", 256, 1.0, Exclusion::positive), 3416).offset, 0, 1e-12);
  EXPECT_NEAR(score_link(objective("gbce", 256, 1.0), 3416).offset, std::log(3416.0 / 3415), 1e-12);
}

TEST(ScoreLink, HasThePapersNumbers) {
  const ScoreLink gsasrec = score_link(objective("gbce", 256, 0.75, Exclusion::positive), 3416);
  EXPECT_EQ(gsasrec.kind, LinkKind::logistic);
  EXPECT_NEAR(std::exp(gsasrec.offset), 4.08496, 5e-6);
  EXPECT_NEAR(gsasrec.offset, 1.40731, 5e-6);
  // One negative: an item that comes next once in a hundred times looks near certain.
  const ScoreLink sasrec = score_link(objective("bce", 1, 0.0, Exclusion::positive), 3416);
  const double score = std::log(0.01 / 0.99) + sasrec.offset;
  EXPECT_NEAR(1 / (1 + std::exp(-score)), 0.97, 0.005);
  EXPECT_NEAR(calibration_of(sasrec, false).probability(score, 0), 0.01, 1e-12);
}

TEST(ScoreLink, SaysWhatIsApproximateAndRefusesWhatMakesNoSense) {
  EXPECT_FALSE(score_link(objective("softmax", 64, 0, Exclusion::positive), 500).exact);
  ObjectiveOptions buckets = objective("softmax", 64, 0);
  buckets.candidates = CandidateSet::buckets;
  EXPECT_FALSE(score_link(buckets, 500).exact);
  EXPECT_THROW(score_link(objective("gbce", 600, 0.75), 500), Error);
}

}  // namespace
}  // namespace truenext
