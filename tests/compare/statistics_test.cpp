// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "compare/bootstrap.h"
#include "compare/equivalence.h"
#include "compare/holm.h"
#include "compare/randomisation.h"

namespace truenext {
namespace {

const std::vector<double> kDifferences = {0, 0,   0, 0.5, -0.2, 1, 0,    0.3,
                                          0, 0.1, 0, 0,   0.9,  0, -0.4, 0.2};

TEST(Paired, MeanSpreadAndEffect) {
  const PairedSummary summary = summarise_paired(kDifferences);
  EXPECT_NEAR(summary.mean, 0.15, 1e-15);
  EXPECT_NEAR(summary.standard_deviation, 0.3687817782917155, 1e-14);
  EXPECT_NEAR(summary.standard_error, 0.3687817782917155 / 4, 1e-14);
  EXPECT_NEAR(summary.effect, 0.40674460840998033, 1e-14);
  EXPECT_EQ(summarise_paired(std::vector<double>(5)).effect, 0);
  EXPECT_TRUE(std::isinf(summarise_paired(std::vector<double>(5, 0.1)).effect));
}

TEST(Bootstrap, IntervalAgreesWithAnIndependentImplementation) {
  WorkerPool pool(1);
  const auto found = bootstrap_intervals({{kDifferences}}, {100000, 1}, pool);
  // BCa of 400,000 resamples elsewhere: 0.00625 and 0.36875; the means lie on a lattice of 1 / 160.
  EXPECT_NEAR(found.at(0).low, 0.00625, 0.007);
  EXPECT_NEAR(found.at(0).high, 0.36875, 0.007);
}

TEST(Bootstrap, ThreadsAndOtherMetricsChangeNoBit) {
  WorkerPool one(1), three(3);
  std::vector<double> other(kDifferences.rbegin(), kDifferences.rend());
  const auto alone = bootstrap_intervals({{kDifferences}}, {2000, 7}, one);
  const auto beside = bootstrap_intervals({{other, kDifferences}}, {2000, 7}, three);
  EXPECT_EQ(alone[0].low, beside[1].low);
  EXPECT_EQ(alone[0].high, beside[1].high);
  const auto again = bootstrap_intervals({{kDifferences}}, {2000, 8}, one);
  EXPECT_TRUE(again[0].low != alone[0].low || again[0].high != alone[0].high);
}

TEST(Bootstrap, NoDifferenceHasNoWidth) {
  WorkerPool pool(1);
  const auto found = bootstrap_intervals({{std::vector<double>(9)}}, {500, 1}, pool);
  EXPECT_EQ(found[0].low, 0);
  EXPECT_EQ(found[0].high, 0);
}

TEST(Bootstrap, CoversTheTrueMeanOfSkewedDifferences) {
  WorkerPool pool(2);
  RandomStream random(random_key(3, Purpose::simulate));
  constexpr int kRounds = 400;
  int covered = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> values(120);
    for (double& value : values)
      value = random.uniform() < 0.7 ? 0 : -std::log1p(-random.uniform());
    const auto found = bootstrap_intervals({{values}}, {400, static_cast<uint64_t>(round)}, pool);
    covered += found[0].low <= 0.3 && 0.3 <= found[0].high;
  }
  // 95 % of 400 rounds is 380; four standard deviations are 17.
  EXPECT_GE(covered, 360);
  EXPECT_LE(covered, 397);
}

TEST(Randomisation, ComesNearTheExactTest) {
  WorkerPool pool(2);
  // Eight differences are not zero: of 256 sign patterns 40 reach the observed mean.
  const auto found = randomisation_p({{kDifferences}}, {100000, 1}, pool);
  EXPECT_NEAR(found.at(0), 0.15625, 0.005);
}

TEST(Randomisation, TheSignOfTheDifferenceDoesNotMatterAndZeroIsNeverReported) {
  WorkerPool pool(1);
  std::vector<double> minus(kDifferences);
  for (double& value : minus) value = -value;
  const auto both =
      randomisation_p({{kDifferences, minus, std::vector<double>(16)}}, {999, 4}, pool);
  EXPECT_EQ(both[0], both[1]);
  EXPECT_EQ(both[2], 1);
  const auto sure = randomisation_p({{std::vector<double>(64, 0.5)}}, {999, 4}, pool);
  EXPECT_DOUBLE_EQ(sure[0], 0.001);
}

TEST(Randomisation, RejectsATrueNullFiveTimesInAHundred) {
  WorkerPool pool(2);
  RandomStream random(random_key(5, Purpose::simulate));
  constexpr int kRounds = 1000;
  int rejected = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> values(80);
    for (double& value : values) value = random.uniform() < 0.6 ? 0 : random.normal();
    const auto p = randomisation_p({{values}}, {199, static_cast<uint64_t>(round)}, pool);
    rejected += p[0] <= 0.05;
  }
  // Four binomial standard deviations of 1,000 rounds: 2.2 % to 7.8 %.
  EXPECT_GE(rejected, 22);
  EXPECT_LE(rejected, 78);
}

TEST(Holm, StepsDownAndKeepsTheOrder) {
  const auto adjusted = holm_adjusted({0.01, 0.04, 0.03, 0.005});
  EXPECT_DOUBLE_EQ(adjusted[3], 0.02);  // 4 x 0.005
  EXPECT_DOUBLE_EQ(adjusted[0], 0.03);  // 3 x 0.01
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);  // 2 x 0.03
  EXPECT_DOUBLE_EQ(adjusted[1], 0.06);  // 1 x 0.04, not below the one before
  EXPECT_DOUBLE_EQ(holm_adjusted({0.9, 0.8})[0], 1);
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(Equivalence, IsTheLargerOfTwoOneSidedTests) {
  EXPECT_NEAR(equivalence_p({0.002, 0.001, 500}, 0.005), 0.0014172459064255715, 1e-12);
  EXPECT_EQ(equivalence_p({-0.002, 0.001, 500}, 0.005), equivalence_p({0.002, 0.001, 500}, 0.005));
  EXPECT_GT(equivalence_p({0.006, 0.001, 500}, 0.005), 0.5);
  EXPECT_EQ(equivalence_p({0, 0, 5}, 0.005), 0);
  EXPECT_EQ(equivalence_p({0.005, 0, 5}, 0.005), 1);
}

TEST(Equivalence, ReadsMargins) {
  EXPECT_DOUBLE_EQ(parse_margin("0.005").absolute(0.2), 0.005);
  EXPECT_DOUBLE_EQ(parse_margin("2%").absolute(0.2), 0.004);
  EXPECT_EQ(parse_margin("2%").text(), "2 %");
  for (const char* wrong : {"", "%", "-1", "0", "1x", "nan", "inf"}) {
    EXPECT_THROW(parse_margin(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace truenext
