// SPDX-License-Identifier: Apache-2.0
#include "data/event_filter.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/random.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using Pairs = std::vector<std::pair<int32_t, int32_t>>;

class KCore : public testing::Test {
 protected:
  KeptCounts filter(const Pairs& pairs, int64_t users, int64_t items, bool iterate) {
    EventSpool spool(folder_.path(), 1 << 20);
    for (const auto& [user, item] : pairs) spool.add({user, item, 0});
    return filter_events(spool, 100, 100, users, items, iterate);
  }
  test::TemporaryFolder folder_;
};

// A chain in which every removal makes the next one necessary: item 0 has one event, so user 0
// falls below 2, so item 1 does, ...; only the square of users 8, 9 and items 8, 9 holds itself up.
Pairs chain() {
  Pairs pairs;
  for (int32_t i = 0; i < 4; ++i) {
    pairs.push_back({i, i});
    pairs.push_back({i, i + 1});
  }
  for (const int32_t user : {8, 9}) {
    for (const int32_t item : {8, 9}) pairs.push_back({user, item});
  }
  return pairs;
}

TEST_F(KCore, RepeatsUntilNothingChanges) {
  const KeptCounts kept = filter(chain(), 2, 2, true);
  EXPECT_EQ(kept.events, 4);
  EXPECT_EQ(kept.users[8], 2);
  EXPECT_EQ(kept.items[9], 2);
  EXPECT_EQ(kept.users[0] + kept.users[1] + kept.users[2] + kept.users[3], 0);
  EXPECT_GE(kept.rounds, 3);
}

TEST_F(KCore, OnePassDropsItemsFirstAndThenStops) {
  const KeptCounts kept = filter(chain(), 2, 2, false);
  // Items 0 and 4 have one event each; then users 0 and 3 have one left each and go.
  EXPECT_EQ(kept.users[0], 0);
  EXPECT_EQ(kept.users[1], 2);
  EXPECT_EQ(kept.users[3], 0);
  EXPECT_EQ(kept.items[1], 1);  // below the minimum again, and kept: that is what one pass means
  EXPECT_EQ(kept.events, 8);
  EXPECT_EQ(kept.rounds, 1);
}

TEST_F(KCore, LeavesNothingOfAnItemWhoseUsersAreAllGone) {
  const KeptCounts kept = filter({{0, 0}, {1, 1}, {1, 2}}, 2, 1, false);
  EXPECT_EQ(kept.items[0], 0);
  EXPECT_EQ(kept.items[1], 1);
  EXPECT_EQ(kept.events, 2);
}

TEST_F(KCore, CountsEventsNotPartners) {
  EXPECT_EQ(filter({{0, 0}, {0, 0}, {0, 0}}, 3, 3, true).events, 3);
}

TEST_F(KCore, MayLeaveNothing) {
  EXPECT_EQ(filter({{0, 0}, {0, 1}, {0, 2}}, 2, 2, true).events, 0);
}

// The slow twin: removes one offender at a time until there is none.
std::set<size_t> slow_core(const Pairs& pairs, int64_t minimum) {
  std::set<size_t> alive;
  for (size_t i = 0; i < pairs.size(); ++i) alive.insert(i);
  for (;;) {
    std::map<int32_t, int64_t> users, items;
    for (const size_t i : alive) {
      ++users[pairs[i].first];
      ++items[pairs[i].second];
    }
    const size_t before = alive.size();
    std::erase_if(alive, [&](size_t i) {
      return users[pairs[i].first] < minimum || items[pairs[i].second] < minimum;
    });
    if (alive.size() == before) return alive;
  }
}

TEST_F(KCore, EqualsTheSlowOneOnRandomPairs) {
  RandomStream random(random_key(5, Purpose::simulate));
  for (int round = 0; round < 20; ++round) {
    Pairs pairs;
    for (int i = 0; i < 250; ++i) {
      pairs.push_back({static_cast<int32_t>(random.below(100)),
                       static_cast<int32_t>(random.below(100) * random.below(100) / 100)});
    }
    for (const int64_t minimum : {2, 3, 4}) {
      const KeptCounts kept = filter(pairs, minimum, minimum, true);
      const std::set<size_t> want = slow_core(pairs, minimum);
      ASSERT_EQ(kept.events, static_cast<int64_t>(want.size()));
      for (size_t i = 0; i < pairs.size(); ++i) {
        ASSERT_EQ(kept.keeps({pairs[i].first, pairs[i].second, 0}), want.count(i) == 1);
      }
    }
  }
}

}  // namespace
}  // namespace truenext
