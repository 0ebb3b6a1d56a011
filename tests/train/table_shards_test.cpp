// SPDX-License-Identifier: Apache-2.0
// Rows and gradients of divided item tables on their ways. Here the ranks are threads.
#include "train/ranks/table_shards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "train/thread_ranks.h"

namespace truenext {
namespace {

constexpr int64_t kRows = 11;
constexpr int64_t kDim = 3;

/// A table of which row r holds 10 r, 10 r + 1, 10 r + 2.
ParameterSet numbered_table(const Ranks& ranks) {
  const RowRange kept = rows_of_rank(ranks.rank(), ranks.size(), kRows);
  ParameterSet parameters({{kInputTable, {kRows, kDim}, Start::table}}, kept);
  for (int64_t row = kept.begin; row < kept.end; ++row) {
    for (int64_t c = 0; c < kDim; ++c) {
      parameters[0].value.data()[(row - kept.begin) * kDim + c] = static_cast<float>(10 * row + c);
    }
  }
  return parameters;
}

TEST(TableShards, RangesCoverEveryRowOnceAndDifferByOne) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t rows = 2; rows <= 40; ++rows) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const RowRange range = rows_of_rank(rank, ranks, rows);
        EXPECT_EQ(range.begin, next);
        EXPECT_TRUE(range.size() == rows / ranks || range.size() == rows / ranks + 1);
        next = range.end;
      }
      EXPECT_EQ(next, rows);
    }
  }
}

TEST(TableShards, FetchesRowsFromWhoeverKeepsThem) {
  test::with_ranks(3, [](Ranks& ranks) {
    ParameterSet parameters = numbered_table(ranks);
    ASSERT_TRUE(parameters.divided());
    TableShards shards(parameters, ranks);
    std::vector<std::vector<int32_t>> ids = {{10, 0, 5, 0, 4}, {}, {7}};
    int64_t caught_up = 0;
    shards.fetch(0, ids[ranks.rank()], [&](std::span<const int32_t> rows) {
      caught_up += std::ssize(rows);
      for (const int32_t row : rows) EXPECT_LT(row, parameters[0].kept.size());
    });
    std::vector<int32_t>& mine = ids[ranks.rank()];
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
    ASSERT_TRUE(parameters[0].fetched);
    const FetchedRows& fetched = *parameters[0].fetched;
    EXPECT_EQ(fetched.numbers.rows(), mine);
    for (const int32_t id : mine) {
      const float* row = fetched.values.data() + fetched.numbers.place(id) * kDim;
      EXPECT_EQ(row[2], static_cast<float>(10 * id + 2));
    }
    // Rows 0 to 2, 3 to 6 and 7 to 10: the first is asked for 0, the second for 4 and 5, the last
    // for 10 and 7.
    EXPECT_EQ(caught_up, ranks.rank() == 0 ? 1 : 2);
  });
}

/// Gradient of the loss of one rank, of fetched rows 0 and 10: `value` everywhere in row 0, twice
/// that in row 10.
TileGradients<float> two_rows(const Parameter& table, float value) {
  TileGradients<float> gradients;
  gradients.loss = 1;
  gradients.tables.emplace_back(table.readable().rows(), kDim, kRows);
  std::vector<float> values(static_cast<size_t>(2 * kDim), value);
  for (int64_t c = 0; c < kDim; ++c) values[kDim + c] = 2 * value;
  const std::vector<int32_t> rows = {table.fetched->numbers.place(0),
                                     table.fetched->numbers.place(10)};
  gradients.tables[0].add_rows(rows, values.data());
  return gradients;
}

TEST(TableShards, GradientsReachTheirRowInTheOrderOfTheTree) {
  // The tree adds (1 + 2) + (1e8 - 1e8); one after the other the 3 would be lost.
  const float values[] = {1.0f, 2.0f, 1e8f, -1e8f};
  test::with_ranks(4, [&](Ranks& ranks) {
    ParameterSet parameters = numbered_table(ranks);
    TableShards shards(parameters, ranks);
    const std::vector<int32_t> ids = {10, 3, 0};
    shards.fetch(0, ids, [](std::span<const int32_t>) {});
    const TileGradients<float> total = shards.sum(two_rows(parameters[0], values[ranks.rank()]));
    EXPECT_FALSE(parameters[0].fetched);
    EXPECT_EQ(total.loss, 4);
    TableGradient<float> kept = total.tables[0];
    EXPECT_EQ(kept.num_rows(), parameters[0].kept.size());
    const std::span<const float> all = kept.make_dense();
    const float sum = std::accumulate(all.begin(), all.end(), 0.0f);
    const float expected[] = {3.0f * kDim, 0, 0, 6.0f * kDim};
    EXPECT_EQ(sum, expected[ranks.rank()]);
    EXPECT_EQ(shards.add_squares(0.5, total.tables[0]), 0.5 + kDim * (9 + 36));
  });
}

}  // namespace
}  // namespace truenext
