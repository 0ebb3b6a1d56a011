// SPDX-License-Identifier: Apache-2.0
#include "eval/batch_mean.h"

#include <gtest/gtest.h>

namespace truenext {
namespace {

TEST(BatchMean, CountsAShortLastBatchAsMuchAsAFullOne) {
  const std::vector<double> values{1, 0, 0, 0, 1};
  EXPECT_DOUBLE_EQ(mean_of_batches(values, 2), (0.5 + 0 + 1) / 3);
  EXPECT_DOUBLE_EQ(mean_of_batches(values, 4), (0.25 + 1) / 2);
  EXPECT_DOUBLE_EQ(mean_of_batches(values, 1), 0.4);
  EXPECT_DOUBLE_EQ(mean_of_batches(values, 5), 0.4);
  EXPECT_DOUBLE_EQ(mean_of_batches(values, 64), 0.4);
  EXPECT_EQ(mean_of_batches({}, 64), 0);
}

TEST(BatchMean, ReplacesMeansAndLeavesUsersAndIntervals) {
  Jagged<int64_t> ranks;
  for (const int64_t rank : {0, 20, 20, 20, 0}) ranks.add_row(std::vector<int64_t>{rank});
  EvalResult result = compute_metrics(parse_metrics("recall@10,mrr"), ranks);
  const EvalResult exact = result;
  use_batch_means(4, &result);
  EXPECT_DOUBLE_EQ(result.get("recall@10").mean, 0.625);
  EXPECT_DOUBLE_EQ(result.get("mrr").mean, (0.25 * (1 + 3.0 / 21) + 1) / 2);
  EXPECT_EQ(result.get("mrr").per_user, exact.get("mrr").per_user);
  EXPECT_EQ(result.get("mrr").half_width, exact.get("mrr").half_width);
  EXPECT_EQ(result.users, 5);
}

}  // namespace
}  // namespace truenext
