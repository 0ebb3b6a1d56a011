// SPDX-License-Identifier: Apache-2.0
#include "data/next_counts.h"

#include <gtest/gtest.h>

namespace truenext {
namespace {

using Row = std::vector<NextCounts::Follower>;

Row row_of(const NextCounts& counts, int64_t item) {
  const auto row = counts.followers.row(item);
  return {row.begin(), row.end()};
}

/// 0 1 2 1 2 | 3 is held out; 1 2 0; nothing to train on.
NextCounts counted() {
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{0, 1, 2, 1, 2, 3});
  histories.add_row(std::vector<int32_t>{1, 2, 0});
  histories.add_row(std::vector<int32_t>{3, 3});
  const std::vector<SplitPoint> splits = {{.train_end = 5}, {.train_end = 3}, {.train_end = 0}};
  return count_next(histories, splits, 5);
}

TEST(NextCounts, CountsNeighboursOfTrainingPartsAlone) {
  const NextCounts counts = counted();
  EXPECT_EQ(counts.num_items(), 5);
  EXPECT_EQ(counts.popular, (std::vector<int64_t>{2, 3, 3, 0, 0}));
  EXPECT_EQ(row_of(counts, 0), (Row{{1, 1}}));
  EXPECT_EQ(row_of(counts, 1), (Row{{2, 3}}));
  EXPECT_EQ(row_of(counts, 2), (Row{{0, 1}, {1, 1}}));
  EXPECT_TRUE(row_of(counts, 3).empty());
  EXPECT_TRUE(row_of(counts, 4).empty());
}

TEST(NextCounts, AreRenamedAndLeftOutByNumber) {
  const NextCounts counts = renumbered(counted(), std::vector<int32_t>{3, 0, 5, -1, 1}, 6);
  EXPECT_EQ(counts.popular, (std::vector<int64_t>{3, 0, 0, 2, 0, 3}));
  EXPECT_EQ(row_of(counts, 3), (Row{{0, 1}}));
  EXPECT_EQ(row_of(counts, 0), (Row{{5, 3}}));
  EXPECT_EQ(row_of(counts, 5), (Row{{0, 1}, {3, 1}}));  // ascending under the new numbers
  EXPECT_TRUE(row_of(counts, 2).empty());
  const NextCounts without = renumbered(counted(), std::vector<int32_t>{0, -1, 2, 3, 4}, 5);
  EXPECT_TRUE(row_of(without, 0).empty());
  EXPECT_EQ(row_of(without, 2), (Row{{0, 1}}));
}

}  // namespace
}  // namespace truenext
