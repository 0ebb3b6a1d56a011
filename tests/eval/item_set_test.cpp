// SPDX-License-Identifier: Apache-2.0
#include "eval/item_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace truenext {
namespace {

TEST(ItemSets, MasksAndCountsLikeASet) {
  RandomStream random(random_key(1, Purpose::initialise));
  for (const int64_t items : {1, 7, 63, 64, 65, 200}) {
    EXPECT_EQ(ItemSet(items, true).size(), items);
    ItemSet set(items);
    std::set<int64_t> slow;
    for (int64_t i = 0; i < items / 2; ++i) {
      const auto item = static_cast<int64_t>(random.below(static_cast<uint32_t>(items)));
      set.insert(item);
      slow.insert(item);
      const auto gone = static_cast<int64_t>(random.below(static_cast<uint32_t>(items)));
      set.remove(gone);
      slow.erase(gone);
    }
    EXPECT_EQ(set.size(), std::ssize(slow));
    for (int64_t first = 0; first <= items; ++first) {
      for (int64_t last = first; last <= items; ++last) {
        std::vector<float> scores(static_cast<size_t>(last - first), 1.0f);
        set.mask(first, last, 0.0f, scores.data());
        bool any = false;
        for (int64_t item = first; item < last; ++item) {
          any = any || slow.contains(item);
          ASSERT_EQ(scores[static_cast<size_t>(item - first)], slow.contains(item) ? 1.0f : 0.0f)
              << items << " " << first << " " << last << " " << item;
        }
        ASSERT_EQ(set.any(first, last), any) << items << " " << first << " " << last;
      }
    }
  }
}

TEST(ItemSets, IntersectKeepsWhatIsInBoth) {
  ItemSet a(100), b(100);
  for (const int64_t item : {1, 64, 99}) a.insert(item);
  for (const int64_t item : {2, 64, 99}) b.insert(item);
  a.intersect(b);
  EXPECT_EQ(a.size(), 2);
  EXPECT_TRUE(a.contains(64) && a.contains(99));
}

}  // namespace
}  // namespace truenext
