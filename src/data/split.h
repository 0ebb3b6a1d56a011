// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/prepare.h"
#include "data/split_point.h"

namespace truenext {

/// Usage Error when the method is still `automatic` or a number makes no sense.
void check_split(const SplitOptions& options);

/// Cuts every user's sequence. `offsets` has one entry more than there are users; `times` are all
/// users' times and may be empty except for the temporal split. Not for the given split.
///
/// leave-last: the last `test` items, before them `valid` items; users with fewer than
///   valid + test + 1 events are only trained on. With `valid_users`, users outside the sample keep
///   their validation items in training.
/// temporal: training ends, for everybody, with the event at rank (1 - valid_share - test_share) of
///   all events by time; the test range begins at rank (1 - test_share). Targets are the first, the
///   last or all of a user's events in a range; a target without any history before it is left out.
/// by-user: a seeded sample of users is held out of training whole, `test_share` of them for test,
///   `valid_share` for validation; their last `test` (`valid`) items are the targets.
/// windows: leave-last of every window, which is a user of its own here (data/windows.h).
std::vector<SplitPoint> make_split(std::span<const int64_t> offsets, std::span<const int64_t> times,
                                   const SplitOptions& options);

/// The two times that the temporal split of `times` (not empty) has.
TemporalCut temporal_cut(std::span<const int64_t> times, const SplitOptions& options);

/// One line, e.g. "leave-last, 1 validation, 1 test".
std::string split_name(const SplitOptions& options);

/// The value with `rank` smaller or equal values before it in sorted order (0-based), found by
/// counting, without a copy. `values` must not be empty.
int64_t value_at_rank(std::span<const int64_t> values, int64_t rank);

}  // namespace truenext
