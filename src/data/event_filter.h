// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "data/event_spool.h"

namespace truenext {

/// How many events each user and item keeps, 0 for those that the filters drop. An event stays when
/// both its user and its item stay.
struct KeptCounts {
  std::vector<int64_t> users, items;
  int64_t events = 0;
  int64_t rounds = 0;  ///< of the frequency filters; 0 when both minima are below 2

  bool keeps(const EventRecord& event) const {
    return users[event.user] > 0 && items[event.item] > 0;
  }
};

/// Drops items with fewer than `min_item_events` events, then users with fewer than
/// `min_user_events` of what is left; with `iterate` until nothing changes (the k-core), else once.
/// Counts are events, not distinct partners. Memory: two counters per user and item.
KeptCounts filter_events(const EventSpool& events, int64_t num_users, int64_t num_items,
                         int64_t min_user_events, int64_t min_item_events, bool iterate);

/// New numbers for what the filters keep, in the old order; -1 for the rest.
struct Renumbering {
  std::vector<int32_t> new_ids;
  std::vector<int32_t> old_ids;

  explicit Renumbering(const std::vector<int64_t>& counts) : new_ids(counts.size(), -1) {
    for (size_t old = 0; old < counts.size(); ++old) {
      if (counts[old] == 0) continue;
      new_ids[old] = static_cast<int32_t>(old_ids.size());
      old_ids.push_back(static_cast<int32_t>(old));
    }
  }
  int64_t size() const { return static_cast<int64_t>(old_ids.size()); }
};

}  // namespace truenext
