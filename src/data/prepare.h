// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/words.h"
#include "data/attributes.h"
#include "data/events.h"

namespace truenext {

/// How users are divided. `automatic` is what the source brings, else leave_last.
enum class SplitMethod { automatic, leave_last, temporal, by_user, given, windows };
template <>
struct Words<SplitMethod> {
  static constexpr std::array names = {"auto",    "leave-last", "temporal",
                                       "by-user", "given",      "windows"};
};

/// Which of a user's events in the range of a temporal split are targets.
enum class SplitTarget { first, last, all };
template <>
struct Words<SplitTarget> {
  static constexpr std::array names = {"first", "last", "all"};
};

/// Order of a user's events: by time, then place in the file; or by that alone.
enum class EventOrder { time, file };
template <>
struct Words<EventOrder> {
  static constexpr std::array names = {"time", "file"};
};

/// Where a temporal split cuts: training ends before `valid_time`, the test begins at `test_time`.
struct TemporalCut {
  int64_t valid_time = 0, test_time = 0;
};

/// What the windows of a split into windows are (data/windows.h).
struct WindowReport {
  int64_t users = 0, events = 0;  ///< before they were cut
  int64_t windows = 0;
  int64_t held_out = 0;       ///< windows long enough for a test and a validation item
  int64_t prefixes = 0;       ///< training examples when every prefix of a window is one
  int64_t leaked_test = 0;    ///< test items that another window trains on
  int64_t leaked_valid = 0;   ///< validation items likewise
  int64_t before_others = 0;  ///< held-out windows whose user has later ones
};

/// How users are divided; see SplitPoint for what comes out.
struct SplitOptions {
  SplitMethod method = SplitMethod::leave_last;
  int64_t valid = 1;         ///< leave-last: validation items per user
  int64_t test = 1;          ///< leave-last: test items per user
  int64_t valid_users = 0;   ///< leave-last: 0 = every user, else a seeded sample
  double valid_share = 0.1;  ///< temporal: share of events; by-user: share of users
  double test_share = 0.1;
  SplitTarget target = SplitTarget::first;  ///< temporal
  int64_t window_length = 0;                ///< windows: events of one; 0 = not said
  int64_t window_stride = 0;                ///< windows: between two starts; 0 = their length
  uint64_t seed = 42;
};

struct PrepareOptions {
  ReaderOptions source;
  std::filesystem::path out;
  std::string titles;                  ///< optional file of item titles: id, separator, title
  std::string title_map;               ///< optional lines "id title-id" when `titles` has other ids
  std::string attributes;              ///< optional file of item attributes
  AttributeOptions attribute_options;  ///< keep_missing_words is that of the source
  double min_value = -1e300;           ///< drop events whose value (rating) is below
  int64_t min_user_events = 1;
  int64_t min_item_events = 1;
  bool iterate =
      true;  ///< repeat both filters until nothing changes (k-core), else one pass, items first
  bool drop_repeats =
      false;  ///< keep only the first of equal (user, item, time) rows; before the filters
  EventOrder order = EventOrder::time;
  bool keep_values = false;  ///< store the values of the events, as float32
  SplitOptions split;
  uint64_t memory_bytes = uint64_t{512} << 20;  ///< for sorting; id maps come on top
  bool overwrite = false;
  /// Called now and then with what is going on and the number of events done so far.
  std::function<void(const char* stage, int64_t events)> progress;
};

/// What prepare saw and did; part of dataset.json.
struct PrepareReport {
  std::string format;
  SourceAccount source;                           ///< what was taken of the source for what
  std::vector<std::string> warnings;              ///< everything that was guessed or looks useless
  int64_t lines_skipped = 0, missing_values = 0;  ///< the second is part of the first
  int64_t comment_lines = 0, repeated_headers = 0, trimmed_fields = 0;
  int64_t rounded_times = 0;   ///< stored without their fraction, ordered by it
  int64_t undated_events = 0;  ///< of dates without a year: their time is -1
  int64_t events_read = 0, events_below_value = 0, events_filtered = 0, repeats_dropped = 0;
  int64_t filter_passes = 0;  ///< rounds of both frequency filters, the last one changing nothing
  int64_t users = 0, items = 0, events = 0;
  /// Of the split into windows, where users and events are those of the windows; what follows is of
  /// the sequences before they were cut.
  std::optional<WindowReport> windows;
  int64_t ties = 0;  ///< neighbours in a user's sequence with the same time, fraction included
  int64_t users_with_ties = 0;
  int64_t duplicates = 0;  ///< rows equal to an earlier one in (user, item, time), before filters
  int64_t repeated_pairs = 0;  ///< events whose (user, item) occurred before
  int64_t time_travel = 0;     ///< rows older than the row before of the same user (sorted by us)
  int64_t users_without_valid = 0, users_without_test = 0;
  std::optional<TemporalCut> cut;            ///< of the temporal split
  int64_t titled_items = 0, attributes = 0;  ///< attributes: different ones
  AttributeReport item_attributes;           ///< what was taken of the file of attributes
  double seconds = 0;
};

/// Reads, filters, orders, splits and writes a dataset folder; nothing exists under `out` until all
/// of it is complete. The same input and options give the same bytes. Memory is bounded by the
/// numbers of users and items plus `memory_bytes`.
PrepareReport prepare_dataset(const PrepareOptions& options);

}  // namespace truenext
