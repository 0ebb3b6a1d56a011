// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "eval/calibration_check.h"
#include "eval/calibration_fit.h"
#include "eval/candidate_rows.h"
#include "eval/isotonic.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

constexpr int64_t kUsers = 6000;
constexpr int64_t kItems = 12;

/// Users whose next item is drawn from known probabilities, and the scores of a model that knows
/// them but states them as score = (ln p or ln odds) * stretch + move.
struct World {
  std::vector<float> scores, truth;
  Queries queries;
};
World draw_world(LinkKind link, double stretch, double move) {
  World world;
  RandomStream random(random_key(3, Purpose::simulate));
  for (int64_t user = 0; user < kUsers; ++user) {
    std::vector<double> p(kItems);
    double sum = 0;
    for (double& value : p) sum += value = std::exp(1.5 * random.normal());
    double below = random.uniform();
    int32_t next = -1;
    for (int64_t item = 0; item < kItems; ++item) {
      const double value = p[static_cast<size_t>(item)] / sum;
      world.truth.push_back(static_cast<float>(value));
      const double known = link == LinkKind::log ? std::log(value) : std::log(value / (1 - value));
      world.scores.push_back(static_cast<float>(known * stretch + move));
      if (next < 0 && (below -= value) < 0) next = static_cast<int32_t>(item);
    }
    const std::vector<int32_t> target{std::max(next, 0)};
    world.queries.users.push_back(static_cast<int32_t>(user));
    world.queries.histories.add_row(std::vector<int32_t>{});
    world.queries.targets.add_row(target);
  }
  return world;
}

Calibration reading(bool normalised, LinkKind link) {
  Calibration calibration;
  calibration.normalised = normalised;
  calibration.link = link;
  return calibration;
}

CalibrationFit fit(const World& world, const Calibration& start, int threads = 2) {
  WorkerPool pool(threads);
  return fit_calibration(TableScorer(world.scores, kItems), world.queries, start, pool);
}

ReadingQuality quality(const World& world, const Calibration& calibration) {
  WorkerPool pool(2);
  const TableScorer truth(world.truth, kItems);
  return check_calibration({TableScorer(world.scores, kItems), &truth}, world.queries,
                           {{"reading", calibration}}, {}, pool)
      .readings.front();
}

TEST(CalibrationFit, FindsTheTemperatureOfOverconfidentScores) {
  // Scores twice as far apart as they should be: the temperature is 2.
  const World world = draw_world(LinkKind::log, 2.0, 7.0);
  const CalibrationFit found = fit(world, reading(true, LinkKind::log));
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.used, kUsers);
  EXPECT_NEAR(found.calibration.scale, 0.5, 0.02);
  EXPECT_EQ(found.calibration.shift, 0.0);
  const ReadingQuality before = quality(world, reading(true, LinkKind::log));
  const ReadingQuality after = quality(world, found.calibration);
  EXPECT_GT(before.first.predicted, before.first.observed + 0.1);  // overconfident
  EXPECT_GT(before.first.equal_width.ece, 0.1);
  EXPECT_LT(after.first.equal_mass.truth_ece, 0.01);
  EXPECT_LT(after.all.truth_error, 0.002);
  EXPECT_LT(after.log_loss, before.log_loss);
  EXPECT_NEAR(after.mass, 1.0, 1e-6);
}

TEST(CalibrationFit, FindsScaleAndShiftOfEachItemForItself) {
  for (const LinkKind link : {LinkKind::log, LinkKind::logistic}) {
    const World world = draw_world(link, 1.25, 2.0);
    const CalibrationFit found = fit(world, reading(false, link));
    EXPECT_TRUE(found.converged);
    // p = link(score / 1.25 - 2 / 1.25)
    EXPECT_NEAR(found.calibration.scale, 0.8, 0.03) << link_name(link);
    EXPECT_NEAR(found.calibration.shift, -1.6, 0.1) << link_name(link);
    const ReadingQuality after = quality(world, found.calibration);
    EXPECT_LT(after.all.truth_error, 0.006);
    EXPECT_NEAR(after.mass, 1.0, 0.01);
    EXPECT_LT(after.best.equal_mass.truth_ece, 0.008);
  }
}

TEST(CalibrationFit, IsTheSameForAnyNumberOfThreads) {
  const World world = draw_world(LinkKind::log, 2.0, 0.0);
  for (const bool normalised : {false, true}) {
    const Calibration start = reading(normalised, LinkKind::log);
    EXPECT_EQ(fit(world, start, 1).calibration, fit(world, start, 3).calibration);
  }
}

TEST(CalibrationFit, MaximiseFindsTheTopOfALogisticLikelihood) {
  // Two values of x with 1 of 4 and 3 of 4 hits: sigma(a x + b) passes through both.
  const double low = -1.0, high = 3.0;
  const auto likelihood = [&](double a, double b) {
    Likelihood sum;
    for (const auto& [x, hits] : {std::pair{low, 1.0}, std::pair{high, 3.0}}) {
      const double p = 1 / (1 + std::exp(-(a * x + b)));
      sum.value += hits * std::log(p) + (4 - hits) * std::log(1 - p);
      sum.slope[0] += (hits - 4 * p) * x;
      sum.slope[1] += hits - 4 * p;
      sum.bend[0] -= 4 * p * (1 - p) * x * x;
      sum.bend[1] -= 4 * p * (1 - p) * x;
      sum.bend[2] -= 4 * p * (1 - p);
    }
    return sum;
  };
  const Maximum top = maximise(likelihood);
  EXPECT_TRUE(top.converged);
  const double odds = std::log(3.0);
  EXPECT_NEAR(top.scale, 2 * odds / (high - low), 1e-6);
  EXPECT_NEAR(top.shift, odds - top.scale * high, 1e-6);
}

TEST(CalibrationFit, RefusesWhatTeachesNothing) {
  const float none = -std::numeric_limits<float>::infinity();
  const Queries queries = literal_queries({{0}, {1}}, {{2}, {2}});
  WorkerPool pool(1);
  EXPECT_THROW(fit_calibration(TableScorer({1, 2, none, 1, 2, none}, 3), queries,
                               reading(true, LinkKind::log), pool),
               Error);
  EXPECT_THROW(fit_calibration(TableScorer({1, 2, std::nanf(""), 1, 2, 0}, 3), queries,
                               reading(true, LinkKind::log), pool),
               Error);
}

TEST(Isotonic, PoolsNeighboursThatFall) {
  // Shares .1, .5, .3, .6 with 10, 10, 30, 10 pairs: the middle ones pool to 14 of 40.
  const auto curve = isotonic_curve(
      {{10, 1, 1.0, 0}, {0, 0, 0, 0}, {10, 5, 2.0, 0}, {30, 9, 9.0, 0}, {10, 6, 5.0, 0}});
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[0], (CurvePoint{0.1, 0.1}));
  EXPECT_EQ(curve[1], (CurvePoint{11.0 / 40, 14.0 / 40}));
  EXPECT_EQ(curve[2], (CurvePoint{0.5, 0.6}));
}

TEST(Isotonic, MendsAShapeThatATemperatureCannot) {
  // ln p is bent: s = -(-ln p)^1.6.
  World world = draw_world(LinkKind::log, 1.0, 0.0);
  for (float& score : world.scores) {
    score = static_cast<float>(-std::pow(-static_cast<double>(score), 1.6));
  }
  const Calibration scaled = fit(world, reading(true, LinkKind::log)).calibration;
  WorkerPool pool(2);
  const Calibration curved =
      fit_isotonic(TableScorer(world.scores, kItems), world.queries, scaled, pool);
  const double before = quality(world, scaled).all.equal_mass.truth_ece;
  const double after = quality(world, curved).all.equal_mass.truth_ece;
  EXPECT_GT(before, 0.008);
  EXPECT_LT(after, 0.004);
  EXPECT_NEAR(quality(world, curved).mass, 1.0, 0.02);
}

TEST(CandidateRows, LeaveOutHistoryAndUnknownItemsAndKnowTheNext) {
  const float none = -std::numeric_limits<float>::infinity();
  const Queries queries = literal_queries({{0}, {1}}, {{2, 0}, {1}});
  const TableScorer scorer({5, 1, 2, none, 3, 4, none, 6}, 4);
  WorkerPool pool(2);
  std::vector<std::vector<int32_t>> items(2);
  std::vector<int64_t> next(2);
  const auto keep = [&](int64_t, const CandidateRow& row) {
    items[static_cast<size_t>(row.query)].assign(row.items.begin(), row.items.end());
    next[static_cast<size_t>(row.query)] = row.next;
  };
  visit_candidates(scorer, queries, true, pool, keep);
  EXPECT_EQ(items[0], (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(items[1], (std::vector<int32_t>{0, 3}));
  EXPECT_EQ(next, (std::vector<int64_t>{1, -1}));  // a held-out item of the history is none
  visit_candidates(scorer, queries, false, pool, keep);
  EXPECT_EQ(items[1], (std::vector<int32_t>{0, 1, 3}));
  EXPECT_EQ(next, (std::vector<int64_t>{2, 1}));
}

TEST(CalibrationCheck, CountsWhatIsRecommendedApart) {
  // Probabilities 0.5, 0.3, 0.2 for the first user and 0.6, 0.3, 0.1 for the second.
  const auto ln = [](double p) { return static_cast<float>(std::log(p)); };
  const TableScorer scorer({ln(.5), ln(.3), ln(.2), ln(.1), ln(.6), ln(.3)}, 3);
  const Queries queries = literal_queries({{}, {}}, {{0}, {2}});
  WorkerPool pool(1);
  CalibrationCheckOptions options;
  options.top = 2;
  options.bins = 2;
  const CalibrationCheck check =
      check_calibration({scorer}, queries, {{"log", reading(true, LinkKind::log)}}, options, pool);
  const ReadingQuality& found = check.readings.front();
  EXPECT_EQ(check.users, 2);
  EXPECT_EQ(found.all.pairs, 6);
  EXPECT_EQ(found.best.pairs, 4);
  EXPECT_EQ(found.first.pairs, 2);
  EXPECT_NEAR(found.first.predicted, 0.55, 1e-6);
  EXPECT_NEAR(found.first.observed, 0.5, 1e-12);
  EXPECT_NEAR(found.best.predicted, 1.7 / 4, 1e-6);
  EXPECT_NEAR(found.best.observed, 0.5, 1e-12);
  // Equal width, border 0.5: {.3, .3} with one hit and {.5, .6} with one.
  EXPECT_NEAR(found.best.equal_width.ece, 0.5 * 0.2 + 0.5 * 0.05, 1e-6);
  EXPECT_NEAR(found.log_loss, -(std::log(.5) + std::log(.3)) / 2, 1e-6);
}

}  // namespace
}  // namespace truenext
