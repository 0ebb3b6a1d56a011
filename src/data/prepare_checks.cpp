// SPDX-License-Identifier: Apache-2.0
#include "data/prepare_checks.h"

#include "base/error.h"
#include "data/dataset_files.h"
#include "data/events.h"

namespace truenext {

bool asks_for_values(const PrepareOptions& options) {
  return options.min_value > kNoMinimum || options.keep_values;
}

ReaderOptions source_of(const PrepareOptions& options) {
  ReaderOptions source = options.source;
  source.values =
      asks_for_values(options) || (source.value_column && !source.value_column->empty());
  return source;
}

void check_fits(const PrepareOptions& options, const EventReader& reader) {
  check_usage(!asks_for_values(options) || reader.has_value(),
              "{} needs values, which this source does not have; name their column with "
              "--value-column",
              options.keep_values ? "--keep-values" : "--min-value");
  check_usage(
      reader.has_time() || !options.drop_repeats,
      "--drop-repeats needs times, which this source does not have: without them a repeated "
      "line may be a repeated visit");
  const bool temporal = options.split.method == SplitMethod::temporal;
  check_usage(!temporal || (reader.has_time() && options.order == EventOrder::time),
              "the temporal split needs {}",
              reader.has_time() ? "--order time" : "a source with times");
}

SplitMethod split_method(const PrepareOptions& options, const PrepareReport& report,
                         bool source_has_split) {
  SplitMethod method = options.split.method;
  if (method == SplitMethod::automatic) {
    method = source_has_split ? SplitMethod::given : SplitMethod::leave_last;
  }
  if (method != SplitMethod::given) return method;
  check_usage(source_has_split, "--split given: this source brings no split of its own");
  const bool filtered = options.min_user_events > 1 || options.min_item_events > 1 ||
                        report.events_below_value > 0 || options.drop_repeats;
  check_usage(!filtered,
              "a given split fixes the events: leave out the filters or choose another --split");
  return method;
}

}  // namespace truenext
