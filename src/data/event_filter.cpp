// SPDX-License-Identifier: Apache-2.0
#include "data/event_filter.h"

#include <algorithm>
#include <utility>

namespace truenext {
namespace {

/// 0 for what has fewer than `minimum` events; whether that dropped anything that was there.
bool drop_rare(std::vector<int64_t>& counts, int64_t minimum) {
  bool changed = false;
  for (int64_t& count : counts) {
    if (count > 0 && count < minimum) {
      count = 0;
      changed = true;
    }
  }
  return changed;
}

/// Of what is kept, in one pass.
void count_both(const EventSpool& events, KeptCounts& kept) {
  std::vector<int64_t> users(kept.users.size()), items(kept.items.size());
  kept.events = 0;
  events.for_each([&](const EventRecord& event) {
    if (!kept.keeps(event)) return;
    ++users[event.user];
    ++items[event.item];
    ++kept.events;
  });
  kept.users = std::move(users);
  kept.items = std::move(items);
}

}  // namespace

KeptCounts filter_events(const EventSpool& events, int64_t num_users, int64_t num_items,
                         int64_t min_user_events, int64_t min_item_events, bool iterate) {
  KeptCounts kept;
  kept.users.assign(static_cast<size_t>(num_users), 1);
  kept.items.assign(static_cast<size_t>(num_items), 1);
  const auto count = [&](std::vector<int64_t>& counts, int32_t EventRecord::*id) {
    std::vector<int64_t> fresh(counts.size());
    kept.events = 0;
    events.for_each([&](const EventRecord& event) {
      if (!kept.keeps(event)) return;
      ++fresh[event.*id];
      ++kept.events;
    });
    counts = std::move(fresh);
  };

  bool counted = false;  // whether the counts are those of what is kept now
  const bool filters = min_user_events > 1 || min_item_events > 1;
  for (bool again = filters; again; ++kept.rounds) {
    count(kept.items, &EventRecord::item);
    const bool items_changed = drop_rare(kept.items, min_item_events);
    count(kept.users, &EventRecord::user);
    const bool users_changed = drop_rare(kept.users, min_user_events);
    counted = !items_changed && !users_changed;
    again = iterate && !counted;
  }
  if (!counted) count_both(events, kept);
  return kept;
}

}  // namespace truenext
