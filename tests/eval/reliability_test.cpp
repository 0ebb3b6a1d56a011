// SPDX-License-Identifier: Apache-2.0
#include "eval/reliability.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace truenext {
namespace {

/// Ten predictions of 0.1 with 2 hits, ten of 0.6 with 3: worked out by hand.
Reliability twenty(int64_t bins) {
  Reliability sums(bins);
  for (int i = 0; i < 10; ++i) sums.add(0.1, i < 2, 0.15);
  for (int i = 0; i < 10; ++i) sums.add(0.6, i < 3, 0.35);
  return sums;
}

TEST(Reliability, ErrorIsTheWeightedGapOfTheBins) {
  const ReliabilitySummary summary = twenty(2).summary();
  EXPECT_EQ(summary.pairs, 20);
  EXPECT_NEAR(summary.predicted, 0.35, 1e-12);
  EXPECT_NEAR(summary.observed, 0.25, 1e-12);
  for (const ReliabilityTable* table : {&summary.equal_mass, &summary.equal_width}) {
    ASSERT_EQ(table->bins.size(), 2u);
    EXPECT_EQ(table->bins[0].pairs, 10);
    EXPECT_NEAR(table->bins[0].observed, 0.2, 1e-12);
    EXPECT_NEAR(table->bins[1].predicted, 0.6, 1e-12);
    EXPECT_NEAR(table->ece, 0.5 * 0.1 + 0.5 * 0.3, 1e-12);
    EXPECT_NEAR(table->truth_ece, 0.5 * 0.05 + 0.5 * 0.25, 1e-12);
  }
  EXPECT_NEAR(summary.truth_error, 0.5 * 0.05 + 0.5 * 0.25, 1e-12);
  // In one bin the gaps of opposite sign would cancel; these add.
  EXPECT_NEAR(twenty(1).summary().equal_mass.ece, 0.1, 1e-12);
}

TEST(Reliability, IntervalIsWilsons) {
  // 2 of 10: the textbook interval is 0.0567 to 0.5098.
  const ReliabilityBin bin = twenty(2).summary().equal_mass.bins[0];
  EXPECT_NEAR(bin.low, 0.0567, 5e-5);
  EXPECT_NEAR(bin.high, 0.5098, 5e-5);
}

TEST(Reliability, BinsOfEqualMassHoldEquallyManyAndBinsOfEqualWidthDoNot) {
  Reliability sums(4);
  for (int i = 0; i < 4000; ++i) {
    const double p = 1e-4 * (1 + i % 1000);  // 0.0001 to 0.1
    sums.add(p, false, p);
  }
  const ReliabilitySummary summary = sums.summary();
  ASSERT_EQ(summary.equal_mass.bins.size(), 4u);
  for (const ReliabilityBin& bin : summary.equal_mass.bins) EXPECT_NEAR(bin.pairs, 1000, 125);
  ASSERT_EQ(summary.equal_width.bins.size(), 1u);  // all below 0.25
  EXPECT_NEAR(summary.equal_mass.truth_ece, 0, 1e-12);
  EXPECT_NEAR(summary.equal_mass.ece, summary.predicted, 1e-12);
}

TEST(Reliability, SumsOfPartsAreTheWhole) {
  Reliability parts(2);
  parts.add(twenty(2));
  parts.add(twenty(2));
  const ReliabilitySummary twice = parts.summary();
  EXPECT_EQ(twice.pairs, 40);
  EXPECT_NEAR(twice.equal_mass.ece, 0.2, 1e-12);
}

TEST(Reliability, TheBordersOfTheRangeHaveTheirBins) {
  Reliability sums(10);
  sums.add(0.0, false, 0.0);
  sums.add(1e-30, false, 0.0);
  sums.add(1.0, true, 1.0);
  const ReliabilitySummary summary = sums.summary();
  EXPECT_EQ(summary.pairs, 3);
  EXPECT_NEAR(summary.equal_width.ece, 0.0, 1e-12);
  EXPECT_EQ(summary.equal_width.bins.size(), 2u);
  EXPECT_EQ(Reliability(10).summary().pairs, 0);
  EXPECT_THROW(Reliability(0), Error);
}

}  // namespace
}  // namespace truenext
