// SPDX-License-Identifier: Apache-2.0
#include "data/prepare.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/resources.h"
#include "data/attributes.h"
#include "data/dataset_files.h"
#include "data/event_filter.h"
#include "data/event_intake.h"
#include "data/event_sort.h"
#include "data/event_spool.h"
#include "data/prepare_checks.h"
#include "data/split.h"
#include "data/split_warnings.h"
#include "data/staged_folder.h"
#include "data/titles.h"
#include "data/window_cut.h"
#include "data/windows.h"

namespace truenext {
namespace {

using RawId = std::function<std::string_view(int64_t)>;

/// One run of prepare_dataset(); the methods are its steps in order.
class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options)
      : options_(options),
        reader_(open_events(source_of(options))),
        stage_(options.out, options.overwrite, dataset_files::kDescription),
        memory_(std::max<uint64_t>(options.memory_bytes, uint64_t{16} << 20)) {}

  PrepareReport run() {
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

 private:
  void progress(const char* stage, int64_t events) const {
    if (interrupted()) {
      throw Error(ExitCode::interrupted, "interrupted; nothing was written");
    }
    if (options_.progress) options_.progress(stage, events);
  }

  EventSpool read_events();
  void check_source(const EventReader& reader);
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    report_.warnings.push_back(fmt::format(format, std::forward<Args>(args)...));
    log_warning("{}", report_.warnings.back());
  }
  void finish_reading(const EventReader& reader);
  EventSpool sort(EventSpool events);
  void write_events(const EventSpool& events, const KeptCounts& kept);
  void write_items(const Renumbering& items);
  void cut_windows();
  void take_attributes(const Renumbering& items, const RawId& raw);
  void write_split(JaggedView<int32_t> histories, std::span<const int64_t> times,
                   std::span<const float> values);
  void finish();

  std::filesystem::path file(const char* name) const { return stage_.path() / name; }
  template <typename T>
  void write_array(const char* name, std::span<const T> values) const {
    AtomicFile out(file(name));
    out.write_array(values);
    out.commit();
  }

  PrepareOptions options_;
  std::unique_ptr<EventReader> reader_;  // opened before anything is written
  StagedFolder stage_;
  uint64_t memory_;
  PrepareReport report_;
  EventIntake intake_;
  std::vector<SplitPoint> given_split_;
  DatasetFacts facts_;
};

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

void Preparation::write_events(const EventSpool& events, const KeptCounts& kept) {
  progress("writing", report_.events_read);
  const Renumbering users(kept.users), items(kept.items);
  std::vector<int64_t> offsets{0};
  offsets.reserve(static_cast<size_t>(users.size()) + 1);
  for (const int32_t user : users.old_ids) offsets.push_back(offsets.back() + kept.users[user]);
  write_array(dataset_files::kOffsets, std::span<const int64_t>(offsets));
  write_id_file(
      file(dataset_files::kUserIds), users.size(),
      [&](int64_t id) { return intake_.users().raw(users.old_ids[id]); }, true);

  AtomicFile items_file(file(dataset_files::kItems));
  std::optional<AtomicFile> times_file;
  if (facts_.has_times) times_file.emplace(file(dataset_files::kTimes));
  std::optional<AtomicFile> values_file;
  if (facts_.has_values) values_file.emplace(file(dataset_files::kValues));
  std::vector<int32_t> last_user(static_cast<size_t>(intake_.items().size()), -1);
  EventRecord before{-1, -1, 0};
  int32_t tied_user = -1;
  events.for_each([&](const EventRecord& event) {
    if (!kept.keeps(event)) return;
    items_file.write_array(std::span<const int32_t>(&items.new_ids[event.item], 1));
    if (times_file) {
      // The reader has refused times that do not fit.
      const int64_t time = stored_time(event.time, options_.source.time_scale)->time;
      times_file->write_array(std::span<const int64_t>(&time, 1));
    }
    if (values_file) {
      check_data(std::isfinite(event.value),
                 "{}: --keep-values: a value is beyond those of float32 (3.4e38)",
                 options_.source.path);
      values_file->write_array(std::span<const float>(&event.value, 1));
    }
    report_.repeated_pairs += std::exchange(last_user[event.item], event.user) == event.user;
    if (facts_.has_times && before.user == event.user && before.time == event.time) {
      ++report_.ties;
      report_.users_with_ties += std::exchange(tied_user, event.user) != event.user;
    }
    before = event;
  });
  items_file.commit();
  if (times_file) times_file->commit();
  if (values_file) values_file->commit();
  report_.users = users.size();
  report_.items = items.size();
  report_.events = kept.events;
}

void Preparation::write_items(const Renumbering& items) {
  const auto raw = [&](int64_t id) { return intake_.items().raw(items.old_ids[id]); };
  write_id_file(file(dataset_files::kItemIds), items.size(), raw, true);
  if (!options_.titles.empty()) {
    const std::vector<std::string> titles =
        read_titles(options_.titles, options_.title_map, items.size(), raw);
    write_id_file(
        file(dataset_files::kTitles), items.size(),
        [&](int64_t id) { return std::string_view(titles[id]); }, false);
    report_.titled_items = items.size() - std::count(titles.begin(), titles.end(), "");
    facts_.has_titles = true;
    if (report_.titled_items == 0) {
      warn("{}: no title belongs to an item; do the ids agree?", options_.titles);
    }
  }
  if (!options_.attributes.empty()) take_attributes(items, raw);
}

void Preparation::take_attributes(const Renumbering& items, const RawId& raw) {
  const auto find = [&](std::string_view id) {
    const auto old = intake_.items().find(id);
    return old && items.new_ids[*old] >= 0 ? std::optional(items.new_ids[*old]) : std::nullopt;
  };
  AttributeOptions told = options_.attribute_options;
  told.keep_missing_words = options_.source.keep_missing_words;
  ItemAttributes attributes = read_attributes(options_.attributes, told, {items.size(), raw, find});
  facts_.attribute_fingerprint = write_attributes(attributes, stage_.path());
  report_.attributes = attributes.ids.size();
  for (const std::string& warning : attributes.report.source.warnings) warn("{}", warning);
  report_.item_attributes = std::move(attributes.report);
}

/// From here on a window is a user.
void Preparation::cut_windows() {
  report_.windows =
      cut_into_windows(stage_.path(), report_.users, facts_.has_times, options_.split);
  report_.users = report_.windows->windows;
  report_.events = MappedFile(file(dataset_files::kItems)).as<int32_t>("items").size();
  if (const std::string leaks = leak_warning(*report_.windows); !leaks.empty()) warn("{}", leaks);
}

/// The split and the fingerprints are made from the files just written.
void Preparation::finish() {
  progress("fingerprint", report_.events);
  if (facts_.has_times && report_.ties > 0 && report_.ties + report_.users == report_.events) {
    warn(
        "all events of every user have the same time: the order of the file decides what comes "
        "last");
  }
  if (options_.split.method == SplitMethod::windows) cut_windows();
  const MappedFile offsets_file(file(dataset_files::kOffsets));
  const MappedFile items_file(file(dataset_files::kItems));
  MappedFile times_file;
  if (facts_.has_times) times_file = MappedFile(file(dataset_files::kTimes));
  const JaggedView<int32_t> histories{items_file.as<int32_t>(dataset_files::kItems),
                                      offsets_file.as<int64_t>(dataset_files::kOffsets)};
  MappedFile values_file;
  if (facts_.has_values) values_file = MappedFile(file(dataset_files::kValues));
  write_split(histories, times_file.as<int64_t>(dataset_files::kTimes),
              values_file.as<float>(dataset_files::kValues));
  write_file_atomically(file(dataset_files::kDescription),
                        describe_dataset(options_, report_, facts_));
  progress("publishing", report_.events);
  stage_.publish();
}

void Preparation::write_split(JaggedView<int32_t> histories, std::span<const int64_t> times,
                              std::span<const float> values) {
  const bool given = options_.split.method == SplitMethod::given;
  const std::vector<SplitPoint> split =
      given ? given_split_ : make_split(histories.offsets, times, options_.split);
  for (const SplitPoint& cut : split) {
    report_.users_without_valid += cut.valid_begin == cut.valid_end;
    report_.users_without_test += cut.test_begin == cut.test_end;
  }
  if (options_.split.method == SplitMethod::temporal) {
    report_.cut = temporal_cut(times, options_.split);
  }
  for (const std::string& warning : split_warnings(histories.offsets, split, options_.split)) {
    warn("{}", warning);
  }
  write_array(dataset_files::kSplits, std::span<const SplitPoint>(split));
  const IdFile users(file(dataset_files::kUserIds), report_.users, true);
  const IdFile items(file(dataset_files::kItemIds), report_.items, true);
  facts_.fingerprint = events_fingerprint(users, items, histories, times, values);
  facts_.split_fingerprint = split_fingerprint(facts_.fingerprint, users, split);
}

}  // namespace

PrepareReport prepare_dataset(const PrepareOptions& options) {
  check_windows(options.split);
  if (options.split.method != SplitMethod::automatic) check_split(options.split);
  return Preparation(options).run();
}

}  // namespace truenext
