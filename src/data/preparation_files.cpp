// SPDX-License-Identifier: Apache-2.0
// What a preparation writes.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/preparation.h"
#include "data/split.h"
#include "data/split_warnings.h"
#include "data/titles.h"
#include "data/window_cut.h"
#include "data/windows.h"

namespace truenext {
namespace {

/// Numbers on their way into a file, some thousands at a time.
template <typename T>
class NumberFile {
 public:
  explicit NumberFile(const std::filesystem::path& path) : file_(path) { numbers_.reserve(kMost); }
  void add(T number) {
    numbers_.push_back(number);
    if (numbers_.size() == kMost) write();
  }
  void commit() {
    write();
    file_.commit();
  }

 private:
  static constexpr size_t kMost = 4096;

  void write() {
    file_.write_array(std::span<const T>(numbers_));
    numbers_.clear();
  }

  AtomicFile file_;
  std::vector<T> numbers_;
};

}  // namespace

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

  NumberFile<int32_t> items_file(file(dataset_files::kItems));
  std::optional<NumberFile<int64_t>> times_file;
  if (facts_.has_times) times_file.emplace(file(dataset_files::kTimes));
  std::optional<NumberFile<float>> values_file;
  if (facts_.has_values) values_file.emplace(file(dataset_files::kValues));
  std::vector<int32_t> last_user(static_cast<size_t>(intake_.items().size()), -1);
  EventRecord before{-1, -1, 0};
  int32_t tied_user = -1;
  events.for_each([&](const EventRecord& event) {
    if (!kept.keeps(event)) return;
    items_file.add(items.new_ids[event.item]);
    if (times_file) {  // the reader has refused times that do not fit
      times_file->add(stored_time(event.time, options_.source.time_scale)->time);
    }
    if (values_file) {
      check_data(std::isfinite(event.value),
                 "{}: --keep-values: a value is beyond those of float32 (3.4e38)",
                 options_.source.path);
      values_file->add(event.value);
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

}  // namespace truenext
