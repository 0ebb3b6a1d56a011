// SPDX-License-Identifier: Apache-2.0
#include "base/remaining.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace truenext {
namespace {

// Every set of excluded numbers below ten against a list of those that remain.
TEST(Remaining, CountsPastEveryExcludedSet) {
  constexpr int32_t kNumbers = 10;
  for (uint32_t set = 0; set < (1u << kNumbers); ++set) {
    std::vector<int32_t> without, remaining;
    for (int32_t i = 0; i < kNumbers; ++i) (set >> i & 1 ? without : remaining).push_back(i);
    for (uint32_t rank = 0; rank < remaining.size(); ++rank) {
      ASSERT_EQ(remaining_at(rank, without), remaining[rank]) << "set " << set;
    }
  }
}

TEST(Remaining, LongSets) {
  std::vector<int32_t> without;
  for (int32_t i = 0; i < 3000; i += 1 + i % 7) without.push_back(i);
  uint32_t rank = 0;
  for (int32_t i = 0; i < 4000; ++i) {
    if (std::binary_search(without.begin(), without.end(), i)) continue;
    ASSERT_EQ(remaining_at(rank++, without), i);
  }
}

}  // namespace
}  // namespace truenext
