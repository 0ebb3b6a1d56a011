// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// How much of every user's held-out range is asked for: the `items` nearest in time, from the same
/// history (multi-future-item evaluation; 1 = the next item alone).
struct Horizon {
  int64_t items = 0;             ///< m; 0 = the whole range, however long it is
  std::vector<int64_t> targets;  ///< how many targets of each query lie within it
  int64_t total_targets = 0;
  int64_t repeat_targets = 0;     ///< of those, how many stand in their user's history too
  int64_t duplicate_targets = 0;  ///< later occurrences of a held-out item within it, dropped
  int64_t short_users = 0;  ///< users that hold out fewer than m items, judged on what they have
};

Horizon whole_range(const Queries& queries);
/// Usage Error when no user holds out `items` items. Repeated held-out items count for the length
/// of the range but are targets once, as in make_queries().
Horizon nearest_items(const Dataset& dataset, const Queries& queries, SplitPart part,
                      int64_t items);

/// What one ranking gives for one horizon.
struct RankedTargets {
  Jagged<int64_t> ranks;    ///< of the targets within the horizon, a row for each query
  Jagged<int64_t> repeats;  ///< UserRanks::repeats; no rows when no list has any
};

}  // namespace truenext
