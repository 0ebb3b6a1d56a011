// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/jagged.h"
#include "data/dataset.h"
#include "eval/evaluator.h"
#include "eval/horizon.h"

namespace truenext {

/// Ranked lists that another program made for the users of a dataset.
struct RankedLists {
  /// Dataset items for each query, best first; -1 where the dataset knows no such item, which keeps
  /// its place. Users without a list have an empty one.
  Jagged<int32_t> items;
  int64_t missing_users = 0;   ///< queries without a list
  int64_t other_users = 0;     ///< lists of users that are not evaluated
  int64_t unknown_items = 0;   ///< places of items that the dataset does not know
  int64_t repeated_items = 0;  ///< places of items that stand further up already
};

/// Reads `user<TAB>item item ...` (raw ids, best first, one line for each user) or a TREC run
/// (`user Q0 item rank score tag`, ordered by falling score, then as in the file; %XX in ids is
/// undone). Data Error naming the line when it has neither form, or a user has two lists.
RankedLists read_ranked_lists(const std::string& path, const Dataset& dataset,
                              const Queries& queries);

/// Where the targets of a horizon stand in the lists: kNeverRanked when they do not. Places that
/// repeat an item or lie behind the end of a short list come back as repeats.
RankedTargets rank_in_lists(const RankedLists& lists, const Queries& queries,
                            const Horizon& horizon);

}  // namespace truenext
