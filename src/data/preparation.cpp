// SPDX-License-Identifier: Apache-2.0
#include "data/preparation.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/resources.h"
#include "data/event_sort.h"
#include "data/prepare_checks.h"

namespace truenext {

Preparation::Preparation(PrepareOptions options, std::unique_ptr<EventReader> reader)
    : options_(std::move(options)),
      reader_(std::move(reader)),
      stage_(options_.out, options_.overwrite, dataset_files::kDescription),
      memory_(std::max<uint64_t>(options_.memory_bytes, uint64_t{16} << 20)) {}

PrepareReport Preparation::run() {
  const double start = wall_seconds();
  EventSpool events = read_events();
  log_info("read {} events in {:.1f} s", report_.events_read, wall_seconds() - start);
  events = sort(std::move(events));
  progress("filtering", report_.events_read);
  const KeptCounts kept =
      filter_events(events, intake_.users().size(), intake_.items().size(),
                    options_.min_user_events, options_.min_item_events, options_.iterate);
  report_.events_filtered = events.size() - kept.events;
  report_.filter_passes = kept.rounds;
  check_data(kept.events > 0,
             "{}: no events are left: {} read, {} below --min-value, {} dropped by "
             "--min-user-events and --min-item-events; choose lower ones",
             options_.source.path, report_.events_read, report_.events_below_value,
             report_.events_filtered);
  write_events(events, kept);
  { const EventSpool done = std::move(events); }
  write_items(Renumbering(kept.items));
  finish();
  report_.seconds = wall_seconds() - start;
  return report_;
}

void Preparation::progress(const char* stage, int64_t events) const {
  if (interrupted()) throw Error(ExitCode::interrupted, "interrupted; nothing was written");
  if (options_.progress) options_.progress(stage, events);
}

EventSpool Preparation::read_events() {
  check_source(*reader_);
  EventSpool events(stage_.path(), memory_ / 2);
  intake_.read(*reader_, options_.min_value, events, report_,
               [this] { progress("reading", report_.events_read); });
  finish_reading(*reader_);
  reader_.reset();
  return events;
}

void Preparation::check_source(const EventReader& reader) {
  facts_.has_times = reader.has_time();
  facts_.has_values = options_.keep_values;
  report_.format = reader.format();
  report_.source = reader.account();
  for (const std::string& warning : report_.source.warnings) warn("{}", warning);
  check_fits(options_, reader);
}

void Preparation::finish_reading(const EventReader& reader) {
  const LineCounts lines = reader.line_counts();
  report_.lines_skipped = lines.skipped;
  report_.missing_values = lines.missing;
  report_.comment_lines = lines.comments;
  report_.repeated_headers = lines.repeated_headers;
  report_.trimmed_fields = lines.trimmed;
  for (const std::string& warning : reader.warnings()) warn("{}", warning);
  report_.rounded_times = reader.rounded_times();
  check_data(report_.events_read > 0, "{}: no events in the file{}", options_.source.path,
             report_.lines_skipped > 0
                 ? fmt::format(" ({} broken lines were passed over)", report_.lines_skipped)
                 : "");
  if (report_.rounded_times > 0) {
    warn(
        "{} times have fractions: events are ordered by the full times, but times are stored as "
        "whole units, rounded down; {} stores more of them",
        report_.rounded_times,
        options_.source.time_scale == 1 ? "--time-scale 1000" : "a larger --time-scale");
  }
  report_.undated_events = reader.undated_events();
  if (report_.undated_events > 0) {
    warn("{} events have a date without a year: their time is -1, before all others",
         report_.undated_events);
  }
  given_split_.assign(reader.given_split().begin(), reader.given_split().end());
  options_.split.method = split_method(options_, report_, !given_split_.empty());
}

EventSpool Preparation::sort(EventSpool events) {
  progress("sorting", report_.events_read);
  const SortOptions sorting{facts_.has_times && options_.order == EventOrder::time,
                            options_.drop_repeats, memory_, stage_.path()};
  const int64_t before = events.size();
  SortedEvents sorted =
      sort_events(std::move(events), intake_.users().size(), intake_.items().size(), sorting);
  // Without times all events of a user would count as one moment.
  report_.duplicates = facts_.has_times ? sorted.duplicates : 0;
  report_.repeats_dropped = before - sorted.events.size();
  return std::move(sorted.events);
}

}  // namespace truenext
