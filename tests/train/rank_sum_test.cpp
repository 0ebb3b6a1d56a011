// SPDX-License-Identifier: Apache-2.0
// Several processes add along the tree of one process. Here the ranks are threads.
#include "train/ranks/rank_sum.h"

#include <gtest/gtest.h>

#include <bit>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/steps/tree_reducer.h"
#include "train/thread_ranks.h"

namespace truenext {
namespace {

/// Adding writes the tree down: "(01)" is tile 0 plus tile 1.
struct TreeWire {
  static Bytes pack(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  static std::string unpack(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static void add(std::string& left, std::string&& right) { left = "(" + left + " " + right + ")"; }
};

std::optional<std::string> tree_of(TileRange tiles) {
  if (tiles.size() == 0) return std::nullopt;
  TreeReducer<std::string> reducer(tiles.size(), TreeWire::add);
  for (int64_t i = 0; i < tiles.size(); ++i) reducer.deliver(i, std::to_string(tiles.begin + i));
  return reducer.take();
}

TEST(RankSum, AddsAlongTheTreeOfOneProcessOnEveryRank) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t tiles = 1; tiles <= 40; ++tiles) {
      std::vector<std::string> totals(static_cast<size_t>(ranks));
      test::with_ranks(ranks, [&](Ranks& mine) {
        totals[mine.rank()] =
            sum_over_ranks<TreeWire>(mine, tree_of(tiles_of(mine.rank(), ranks, tiles)));
      });
      for (const std::string& total : totals) {
        ASSERT_EQ(total, *tree_of({0, tiles})) << ranks << " ranks, " << tiles << " tiles";
      }
    }
  }
}

TEST(RankSum, RangesAreAlignedPowersOfTwoThatCoverEveryTileOnce) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t tiles = 1; tiles <= 100; ++tiles) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const TileRange range = tiles_of(rank, ranks, tiles);
        EXPECT_EQ(range.begin, next);
        next = range.end;
        if (next < tiles) {
          EXPECT_TRUE(std::has_single_bit(static_cast<uint64_t>(range.size())));
          EXPECT_EQ(range.begin % range.size(), 0);
        }
      }
      EXPECT_EQ(next, tiles);
    }
  }
}

}  // namespace
}  // namespace truenext
