// SPDX-License-Identifier: Apache-2.0
#include "train/steps/tree_reducer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace truenext {
namespace {

/// Adding writes the tree down: "(01)" is leaf 0 plus leaf 1.
std::string tree_of(const std::vector<int64_t>& order) {
  TreeReducer<std::string> reducer(
      static_cast<int64_t>(order.size()),
      [](std::string& left, std::string&& right) { left = "(" + left + right + ")"; });
  for (const int64_t leaf : order) reducer.deliver(leaf, std::to_string(leaf));
  return reducer.take();
}

TEST(TreeReducer, AddsAlongTheSameTreeWhateverTheOrderOfDelivery) {
  std::mt19937 random(1);
  for (int leaves = 1; leaves <= 9; ++leaves) {
    std::vector<int64_t> order(static_cast<size_t>(leaves));
    std::iota(order.begin(), order.end(), int64_t{0});
    const std::string expected = tree_of(order);
    for (int trial = 0; trial < 50; ++trial) {
      std::shuffle(order.begin(), order.end(), random);
      EXPECT_EQ(tree_of(order), expected);
    }
  }
}

TEST(TreeReducer, PairsNeighboursAndCarriesTheOddOneUp) {
  EXPECT_EQ(tree_of({0}), "0");
  EXPECT_EQ(tree_of({1, 0}), "(01)");
  EXPECT_EQ(tree_of({0, 1, 2}), "((01)2)");
  EXPECT_EQ(tree_of({4, 3, 2, 1, 0}), "(((01)(23))4)");
}

TEST(TreeReducer, ASubtreeIsWhatAProcessWithHalfOfTheLeavesComputes) {
  // Leaves 0..3 on one process and 4..6 on another, then one addition: the tree of seven leaves.
  EXPECT_EQ(tree_of({0, 1, 2, 3, 4, 5, 6}), "(((01)(23))((45)6))");
  EXPECT_EQ(tree_of({0, 1, 2, 3}), "((01)(23))");
  EXPECT_EQ(tree_of({0, 1, 2}), "((01)2)");
}

TEST(TreeReducer, IsSafeUnderManyWorkers) {
  WorkerPool pool(4);
  for (int round = 0; round < 20; ++round) {
    TreeReducer<double> reducer(257, [](double& left, double&& right) { left += right; });
    pool.run(257, [&](int64_t leaf, int) { reducer.deliver(leaf, static_cast<double>(leaf)); });
    EXPECT_EQ(reducer.take(), 257.0 * 256 / 2);
  }
}

}  // namespace
}  // namespace truenext
