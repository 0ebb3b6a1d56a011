// SPDX-License-Identifier: Apache-2.0
#include "data/event_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "support/test_files.h"

namespace truenext {
namespace {

std::vector<EventRecord> random_events(int64_t count, uint32_t users, uint32_t items,
                                       uint32_t times) {
  RandomStream random(random_key(1, Purpose::simulate));
  std::vector<EventRecord> events;
  for (int64_t i = 0; i < count; ++i) {
    events.push_back({static_cast<int32_t>(random.below(users)),
                      static_cast<int32_t>(random.below(items)), random.below(times),
                      static_cast<float>(random.below(5))});
  }
  return events;
}

EventSpool spool_of(const std::vector<EventRecord>& events, const test::TemporaryFolder& folder,
                    uint64_t memory) {
  EventSpool spool(folder.path(), memory);
  for (const EventRecord& event : events) spool.add(event);
  return spool;
}

std::vector<std::vector<int64_t>> rows_of(const EventSpool& spool) {
  std::vector<std::vector<int64_t>> rows;
  spool.for_each([&](const EventRecord& event) {
    rows.push_back({event.user, event.time, event.item, static_cast<int64_t>(event.value)});
  });
  return rows;
}

std::vector<std::vector<int64_t>> stably_sorted(std::vector<EventRecord> events, bool by_time) {
  std::stable_sort(events.begin(), events.end(), [&](const EventRecord& a, const EventRecord& b) {
    return a.user != b.user ? a.user < b.user : by_time && a.time < b.time;
  });
  std::vector<std::vector<int64_t>> rows;
  for (const EventRecord& event : events) {
    rows.push_back({event.user, event.time, event.item, static_cast<int64_t>(event.value)});
  }
  return rows;
}

TEST(EventSpool, GivesBackTheSameInMemoryAndFromDisk) {
  const test::TemporaryFolder folder;
  const std::vector<EventRecord> events = random_events(300'000, 10, 10, 10);
  const auto in_memory = rows_of(spool_of(events, folder, uint64_t{1} << 30));
  const auto spilled = rows_of(spool_of(events, folder, uint64_t{2} << 20));
  const auto all_on_disk = rows_of(spool_of(events, folder, 0));
  ASSERT_EQ(in_memory.size(), events.size());
  EXPECT_EQ(in_memory, spilled);
  EXPECT_EQ(in_memory, all_on_disk);
  EXPECT_EQ(folder.listing(), "");  // the file has no name
}

TEST(SortEvents, EqualsAStableSortHoweverLittleMemoryThereIs) {
  const test::TemporaryFolder folder;
  // Few different times, so that most neighbours are ties.
  const std::vector<EventRecord> events = random_events(200'000, 500, 50, 40);
  for (const bool by_time : {true, false}) {
    const auto want = stably_sorted(events, by_time);
    // 500 users of 400 events: all at once; in 2 stretches and in 4, for each of which all events
    // are read; in 5, to which they are dealt out; each user alone exceeds its stretch.
    for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{5} << 20, uint64_t{3} << 20,
                                  uint64_t{1} << 21, uint64_t{1} << 10}) {
      const SortOptions options{by_time, false, memory, folder.path()};
      const SortedEvents sorted = sort_events(spool_of(events, folder, memory), 500, 50, options);
      ASSERT_EQ(rows_of(sorted.events), want) << memory;
    }
  }
}

TEST(SortEvents, DropsOnlyTheLaterOfEqualRows) {
  const test::TemporaryFolder folder;
  // (0, item 1, time 5) comes three times, with another event of the same time between.
  const std::vector<EventRecord> events{{0, 1, 5, 7}, {0, 2, 5}, {0, 1, 5},
                                        {0, 1, 6},    {1, 1, 5}, {0, 1, 5}};
  SortOptions options{true, false, 1 << 20, folder.path()};
  const SortedEvents kept = sort_events(spool_of(events, folder, 0), 2, 3, options);
  EXPECT_EQ(kept.duplicates, 2);
  EXPECT_EQ(kept.events.size(), 6);
  options.drop_repeats = true;
  const SortedEvents dropped = sort_events(spool_of(events, folder, 0), 2, 3, options);
  EXPECT_EQ(dropped.duplicates, 2);
  EXPECT_EQ(rows_of(dropped.events), (std::vector<std::vector<int64_t>>{
                                         {0, 5, 1, 7}, {0, 5, 2, 1}, {0, 6, 1, 1}, {1, 5, 1, 1}}));
}

}  // namespace
}  // namespace truenext
