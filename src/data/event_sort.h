// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/event_spool.h"

namespace truenext {

struct SortOptions {
  bool by_time = true;        ///< else the order of the input stays
  bool drop_repeats = false;  ///< keep the first of equal (user, item, time) events
  uint64_t memory_bytes = uint64_t{512} << 20;
  std::filesystem::path folder;  ///< for temporary files
};

struct SortedEvents {
  EventSpool events;       ///< users ascending; inside a user by (time, position in the input)
  int64_t duplicates = 0;  ///< events equal to an earlier one in (user, item, time)
};

/// Groups events by user and orders each user's. Users are taken in stretches that fit into half of
/// `memory_bytes` (a 128th of all events when that is more); one user alone may exceed it. `input`
/// is emptied as early as possible.
SortedEvents sort_events(EventSpool input, int64_t num_users, int64_t num_items,
                         const SortOptions& options);

}  // namespace truenext
