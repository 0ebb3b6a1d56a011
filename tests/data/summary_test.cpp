// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "data/dataset_summary.h"
#include "data/prepared.h"

namespace truenext {
namespace {

TEST(CountSummary, KnowsTheUsualFigures) {
  const CountSummary counts = CountSummary::of({4, 1, 2, 2, 9, 9});
  EXPECT_EQ(counts.count, 6);
  EXPECT_EQ(counts.total, 27);
  EXPECT_EQ(counts.min, 1);
  EXPECT_EQ(counts.max, 9);
  EXPECT_EQ(counts.mode, 2);  // the smaller of two equally frequent
  EXPECT_DOUBLE_EQ(counts.mean, 4.5);
  EXPECT_DOUBLE_EQ(counts.median, 3);
  EXPECT_DOUBLE_EQ(counts.lower_quartile, 2);
  EXPECT_DOUBLE_EQ(counts.upper_quartile, 7.75);
  EXPECT_NEAR(counts.deviation, std::sqrt(65.5 / 6), 1e-12);
  EXPECT_EQ(CountSummary::of({}).count, 0);
}

TEST(Summary, FindsLeaksInALeaveLastSplit) {
  const test::TemporaryFolder folder;
  // User 1 is tested at time 3 on item a, which he had; user 2 trains up to time 11; item z is
  // trained by nobody.
  auto options = test::csv_options(folder,
                                   "user,item,time\n1,a,1\n1,b,2\n1,a,3\n"
                                   "2,b,10\n2,c,11\n2,b,12\n2,z,13\n3,c,1\n");
  const DatasetSummary summary = summarise(test::prepared(options));
  EXPECT_EQ(summary.users, 3);
  EXPECT_EQ(summary.items, 4);
  EXPECT_EQ(summary.repeated_pairs, 2);
  EXPECT_EQ(summary.users_with_repeats, 2);
  EXPECT_EQ(summary.distinct_pairs, 6);
  EXPECT_NEAR(summary.sparsity, 1 - 6.0 / 12, 1e-12);
  EXPECT_EQ(summary.train_lengths.total, 4);
  EXPECT_EQ(summary.items_never_trained, 1);
  EXPECT_EQ(summary.valid.users, 2);
  EXPECT_EQ(summary.valid.in_history, 1);  // b of user 2
  EXPECT_EQ(summary.test.targets, 2);
  EXPECT_EQ(summary.test.in_history, 1);
  EXPECT_EQ(summary.test.never_trained, 1);
  EXPECT_EQ(summary.test.before_training, 1);
  EXPECT_EQ(summary.first_time, 1);
  EXPECT_EQ(summary.last_time, 13);

  options.split.method = SplitMethod::temporal;
  options.split.target = SplitTarget::all;
  options.split.valid_share = options.split.test_share = 0.25;
  const DatasetSummary temporal = summarise(test::prepared(options));
  EXPECT_EQ(temporal.valid.before_training + temporal.test.before_training, 0);
}

}  // namespace
}  // namespace truenext
