// SPDX-License-Identifier: Apache-2.0
#include "data/prepare.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/resources.h"
#include "data/attributes.h"
#include "data/dataset_files.h"
#include "data/event_filter.h"
#include "data/event_sort.h"
#include "data/event_spool.h"
#include "data/id_table.h"
#include "data/split.h"
#include "data/staged_folder.h"
#include "data/titles.h"

namespace upnext {
namespace {

constexpr double kNoMinimum = -1e300;
constexpr int64_t kProgressEvents = int64_t{1} << 18;

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

/// One run of prepare_dataset(); the methods are its steps in order.
class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options)
      : options_(options),
        reader_(open_events(options.source)),
        stage_(options.out, options.overwrite, dataset_files::kDescription),
        memory_(std::max<uint64_t>(options.memory_bytes, uint64_t{16} << 20)) {}

  PrepareReport run() {
    const double start = wall_seconds();
    EventSpool events = read_events();
    log_info("read {} events in {:.1f} s", report_.events_read, wall_seconds() - start);
    events = sort(std::move(events));
    progress("filtering", report_.events_read);
    const KeptCounts kept =
        filter_events(events, users_.size(), items_.size(), options_.min_user_events,
                      options_.min_item_events, options_.iterate);
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
  void finish_reading(const EventReader& reader);
  EventSpool sort(EventSpool events);
  void write_events(const EventSpool& events, const KeptCounts& kept);
  void write_items(const Renumbering& items);
  void write_split(JaggedView<int32_t> histories, std::span<const int64_t> times);
  void finish();
  nlohmann::ordered_json describe() const;

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
  IdTable users_, items_;
  bool has_time_ = false;
  std::vector<SplitPoint> given_split_;
  bool has_titles_ = false, has_attributes_ = false;
  std::string fingerprint_, split_fingerprint_;
};

EventSpool Preparation::read_events() {
  check_source(*reader_);
  EventSpool events(stage_.path(), memory_ / 2);
  std::vector<int64_t> last_times;  // by user, to count time travel
  Event event;
  while (reader_->next(event)) {
    if (++report_.events_read % kProgressEvents == 0) progress("reading", report_.events_read);
    if (event.value < options_.min_value) {
      ++report_.events_below_value;
      continue;
    }
    const EventRecord record{users_.intern(event.user), items_.intern(event.item), event.time};
    if (static_cast<size_t>(record.user) == last_times.size()) last_times.push_back(record.time);
    report_.time_travel += record.time < std::exchange(last_times[record.user], record.time);
    events.add(record);
  }
  finish_reading(*reader_);
  reader_.reset();
  return events;
}

void Preparation::check_source(const EventReader& reader) {
  has_time_ = reader.has_time();
  report_.format = reader.format();
  check_usage(options_.min_value <= kNoMinimum || reader.has_value(),
              "--min-value needs values, which this source does not have; name their column with "
              "--value-column");
  check_usage(options_.order == "time" || options_.order == "file",
              "unknown order \"{}\"; known: time, file", options_.order);
  check_usage(has_time_ || !options_.drop_repeats,
              "--drop-repeats needs times, which this source does not have: without them a repeated "
              "line may be a repeated visit");
  const bool temporal = options_.split.method == "temporal";
  check_usage(!temporal || (has_time_ && options_.order == "time"),
              "the temporal split needs {}", has_time_ ? "--order time" : "a source with times");
}

void Preparation::finish_reading(const EventReader& reader) {
  report_.lines_skipped = reader.skipped();
  report_.rounded_times = reader.rounded_times();
  check_data(report_.events_read > 0, "{}: no events in the file{}", options_.source.path,
             report_.lines_skipped > 0
                 ? fmt::format(" ({} broken lines were passed over)", report_.lines_skipped)
                 : "");
  if (report_.rounded_times > 0) {
    log_warning("{} times were rounded down to whole units; --time-scale 1000 keeps thousandths",
                report_.rounded_times);
  }
  given_split_.assign(reader.given_split().begin(), reader.given_split().end());
  std::string& method = options_.split.method;
  if (method == "auto") method = given_split_.empty() ? "leave-last" : "given";
  if (method != "given") return;
  check_usage(!given_split_.empty(), "--split given: this source brings no split of its own");
  const bool filtered = options_.min_user_events > 1 || options_.min_item_events > 1 ||
                        report_.events_below_value > 0 || options_.drop_repeats;
  check_usage(!filtered,
              "a given split fixes the events: leave out the filters or choose another --split");
}

EventSpool Preparation::sort(EventSpool events) {
  progress("sorting", report_.events_read);
  const SortOptions sorting{has_time_ && options_.order == "time", options_.drop_repeats, memory_,
                            stage_.path()};
  const int64_t before = events.size();
  SortedEvents sorted = sort_events(std::move(events), users_.size(), items_.size(), sorting);
  // Without times all events of a user would count as one moment.
  report_.duplicates = has_time_ ? sorted.duplicates : 0;
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
  write_id_file(file(dataset_files::kUserIds), users.size(),
                [&](int64_t id) { return users_.raw(users.old_ids[id]); }, true);

  AtomicFile items_file(file(dataset_files::kItems));
  std::optional<AtomicFile> times_file;
  if (has_time_) times_file.emplace(file(dataset_files::kTimes));
  std::vector<int32_t> last_user(static_cast<size_t>(items_.size()), -1);
  EventRecord before{-1, -1, 0};
  int32_t tied_user = -1;
  events.for_each([&](const EventRecord& event) {
    if (!kept.keeps(event)) return;
    items_file.write_array(std::span<const int32_t>(&items.new_ids[event.item], 1));
    if (times_file) times_file->write_array(std::span<const int64_t>(&event.time, 1));
    report_.repeated_pairs += std::exchange(last_user[event.item], event.user) == event.user;
    if (has_time_ && before.user == event.user && before.time == event.time) {
      ++report_.ties;
      report_.users_with_ties += std::exchange(tied_user, event.user) != event.user;
    }
    before = event;
  });
  items_file.commit();
  if (times_file) times_file->commit();
  report_.users = users.size();
  report_.items = items.size();
  report_.events = kept.events;
}

void Preparation::write_items(const Renumbering& items) {
  const auto raw = [&](int64_t id) { return items_.raw(items.old_ids[id]); };
  write_id_file(file(dataset_files::kItemIds), items.size(), raw, true);
  if (!options_.titles.empty()) {
    const std::vector<std::string> titles =
        read_titles(options_.titles, options_.title_map, items.size(), raw);
    write_id_file(file(dataset_files::kTitles), items.size(),
                  [&](int64_t id) { return std::string_view(titles[id]); }, false);
    report_.titled_items = items.size() - std::count(titles.begin(), titles.end(), "");
    has_titles_ = true;
    if (report_.titled_items == 0) {
      log_warning("{}: no title belongs to an item; do the ids agree?", options_.titles);
    }
  }
  if (options_.attributes.empty()) return;
  const auto find = [&](std::string_view id) -> std::optional<int32_t> {
    const auto old = items_.find(id);
    if (!old || items.new_ids[*old] < 0) return std::nullopt;
    return items.new_ids[*old];
  };
  const ItemAttributes attributes = read_attributes(options_.attributes, items.size(), find);
  write_array(dataset_files::kAttributeOffsets, std::span<const int64_t>(attributes.rows.offsets));
  write_array(dataset_files::kAttributes, std::span<const int32_t>(attributes.rows.values));
  write_id_file(file(dataset_files::kAttributeIds), attributes.ids.size(),
                [&](int64_t id) { return attributes.ids.raw(id); }, true);
  report_.attributes = attributes.ids.size();
  has_attributes_ = true;
  if (attributes.unknown_items > 0) {
    log_warning("{}: {} keys are no items of the dataset", options_.attributes,
                attributes.unknown_items);
  }
}

/// The split and the fingerprints are made from the files just written.
void Preparation::finish() {
  progress("fingerprint", report_.events);
  const MappedFile offsets_file(file(dataset_files::kOffsets));
  const MappedFile items_file(file(dataset_files::kItems));
  MappedFile times_file;
  if (has_time_) times_file = MappedFile(file(dataset_files::kTimes));
  const JaggedView<int32_t> histories{items_file.as<int32_t>(dataset_files::kItems),
                                      offsets_file.as<int64_t>(dataset_files::kOffsets)};
  write_split(histories, times_file.as<int64_t>(dataset_files::kTimes));
  write_file_atomically(file(dataset_files::kDescription), describe().dump(2) + "\n");
  progress("publishing", report_.events);
  stage_.publish();
}

void Preparation::write_split(JaggedView<int32_t> histories, std::span<const int64_t> times) {
  const bool given = options_.split.method == "given";
  const std::vector<SplitPoint> split =
      given ? given_split_ : make_split(histories.offsets, times, options_.split);
  for (const SplitPoint& cut : split) {
    report_.users_without_valid += cut.valid_begin == cut.valid_end;
    report_.users_without_test += cut.test_begin == cut.test_end;
  }
  write_array(dataset_files::kSplits, std::span<const SplitPoint>(split));
  const IdFile users(file(dataset_files::kUserIds), report_.users, true);
  const IdFile items(file(dataset_files::kItemIds), report_.items, true);
  fingerprint_ = events_fingerprint(users, items, histories, times);
  split_fingerprint_ = split_fingerprint(fingerprint_, users, split);
}

nlohmann::ordered_json Preparation::describe() const {
  using Json = nlohmann::ordered_json;
  const ReaderOptions& source = options_.source;
  const SplitOptions& split = options_.split;
  const bool by_time = has_time_ && options_.order == "time";
  const Json minimum = options_.min_value > kNoMinimum ? Json(options_.min_value) : Json(nullptr);
  return Json{
      {"kind", kDatasetKind},
      {"version", kDatasetVersion},
      {"users", report_.users},
      {"items", report_.items},
      {"events", report_.events},
      {"has_times", has_time_},
      {"has_titles", has_titles_},
      {"has_attributes", has_attributes_},
      {"attributes", report_.attributes},
      {"fingerprint", fingerprint_},
      {"split_fingerprint", split_fingerprint_},
      {"order", by_time ? "time, then position in the source" : "position in the source"},
      {"split", Json{{"name", split_name(split)}, {"method", split.method}, {"valid", split.valid},
                     {"test", split.test}, {"valid_users", split.valid_users},
                     {"valid_share", split.valid_share}, {"test_share", split.test_share},
                     {"target", split.target}, {"seed", split.seed}}},
      {"filters", Json{{"min_value", minimum}, {"min_user_events", options_.min_user_events},
                       {"min_item_events", options_.min_item_events},
                       {"iterate", options_.iterate}, {"drop_repeats", options_.drop_repeats}}},
      {"source", Json{{"path", source.path}, {"format", report_.format},
                      {"user_column", source.user_column}, {"item_column", source.item_column},
                      {"time_column", source.time_column}, {"value_column", source.value_column},
                      {"columns", source.columns}, {"separator", source.separator},
                      {"header", source.header}, {"time_scale", source.time_scale},
                      {"skip_bad", source.skip_bad}, {"titles", options_.titles},
                      {"title_map", options_.title_map}, {"attributes", options_.attributes}}},
      {"report", report_json(report_)}};
}

}  // namespace

PrepareReport prepare_dataset(const PrepareOptions& options) {
  if (options.split.method != "auto") check_split(options.split);
  return Preparation(options).run();
}

}  // namespace upnext
