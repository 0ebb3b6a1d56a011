// SPDX-License-Identifier: Apache-2.0
#include "data/dataset.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "data/dataset_files.h"
#include "data/id_file.h"
#include "data/json_number.h"

namespace truenext {

namespace fs = std::filesystem;

struct Dataset::Parts {
  fs::path folder;
  std::string description, fingerprint, split_fingerprint, attribute_fingerprint, split_name;
  int64_t num_users = 0, num_items = 0, num_events = 0, num_attributes = 0;
  bool has_times = false, has_values = false, has_titles = false, has_attributes = false,
       has_windows = false;

  MappedFile offsets_file, items_file, times_file, values_file, splits_file;
  MappedFile attribute_offsets_file, attributes_file;
  std::span<const int64_t> offsets, times, attribute_offsets;
  std::span<const int32_t> items, attributes;
  std::span<const float> values;
  std::span<const SplitPoint> splits;
  IdFile user_ids, item_ids, titles, attribute_ids;

  void read_description();
  void map_events();
  void map_splits();
  void map_attributes();

  template <typename T>
  std::span<const T> map(MappedFile& file, const char* name, int64_t count) {
    const std::string path = (folder / name).string();
    file = MappedFile(path);
    const std::span<const T> values = file.as<T>(path.c_str());
    check_data(values.size() == static_cast<size_t>(count),
               "{}: {} entries, want {} as in {}: the file is truncated or damaged", path,
               values.size(), count, dataset_files::kDescription);
    return values;
  }
  void check_offsets(std::span<const int64_t> values, const char* name, size_t end) const {
    check_data(values.front() == 0 && values.back() == static_cast<int64_t>(end) &&
                   std::is_sorted(values.begin(), values.end()),
               "{}: the offsets do not ascend from 0 to {}: the file is damaged",
               (folder / name).string(), end);
  }
  void check_ids(std::span<const int32_t> values, const char* name, int64_t count) const {
    if (values.empty()) return;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    check_data(*low >= 0 && *high < count,
               "{}: ids from {} to {}, want 0 to {}: the file is damaged", (folder / name).string(),
               *low, *high, count - 1);
  }
};

namespace {

template <typename T>
T field(const nlohmann::json& json, const char* name, const fs::path& path) {
  try {
    if constexpr (std::is_same_v<T, int64_t>) {
      return whole_number(json.at(name));
    } else {
      return json.at(name).get<T>();
    }
  } catch (const nlohmann::json::exception&) {
    fail_data("{}: no usable \"{}\": the file is damaged; prepare the dataset again", path.string(),
              name);
  }
}

int64_t count_field(const nlohmann::json& json, const char* name, const fs::path& path,
                    int64_t limit) {
  const auto count = field<int64_t>(json, name, path);
  check_data(count >= 0 && count <= limit, "{}: {} = {} is impossible", path.string(), name, count);
  return count;
}

}  // namespace

void Dataset::Parts::read_description() {
  const fs::path path = folder / dataset_files::kDescription;
  check_data(fs::is_directory(folder), "{}: no such folder; `truenext prepare` makes datasets",
             folder.string());
  check_data(fs::exists(path), "{}: not a dataset folder (no {}); `truenext prepare` makes one",
             folder.string(), dataset_files::kDescription);
  description = read_file(path, 16 << 20);
  const nlohmann::json json = nlohmann::json::parse(description, nullptr, false);
  check_data(
      json.is_object() && json.value("kind", nlohmann::json()) == nlohmann::json(kDatasetKind),
      "{}: not the description of a dataset", path.string());
  const auto version = field<int64_t>(json, "version", path);
  check_data(
      version == kDatasetVersion,
      "{}: written in version {}, this program reads version {}; prepare the dataset again or "
      "use a newer truenext",
      path.string(), version, kDatasetVersion);
  constexpr int64_t kMaxIds = int64_t{1} << 31;
  constexpr int64_t kMaxEvents = int64_t{1} << 48;
  num_users = count_field(json, "users", path, kMaxIds);
  num_items = count_field(json, "items", path, kMaxIds);
  num_events = count_field(json, "events", path, kMaxEvents);
  has_times = field<bool>(json, "has_times", path);
  // Folders of before it was written have none.
  has_values = json.contains("has_values") && field<bool>(json, "has_values", path);
  has_titles = field<bool>(json, "has_titles", path);
  has_attributes = field<bool>(json, "has_attributes", path);
  num_attributes = count_field(json, "attributes", path, kMaxIds);
  fingerprint = field<std::string>(json, "fingerprint", path);
  split_fingerprint = field<std::string>(json, "split_fingerprint", path);
  // Folders of before it was written have none; then it is computed.
  if (json.contains("attribute_fingerprint")) {
    attribute_fingerprint = field<std::string>(json, "attribute_fingerprint", path);
  }
  const auto split = field<nlohmann::json>(json, "split", path);
  split_name = field<std::string>(split, "name", path);
  has_windows = split.value("method", nlohmann::json()) == word_of(SplitMethod::windows);
}

void Dataset::Parts::map_events() {
  offsets = map<int64_t>(offsets_file, dataset_files::kOffsets, num_users + 1);
  items = map<int32_t>(items_file, dataset_files::kItems, num_events);
  if (has_times) times = map<int64_t>(times_file, dataset_files::kTimes, num_events);
  if (has_values) values = map<float>(values_file, dataset_files::kValues, num_events);
  check_offsets(offsets, dataset_files::kOffsets, items.size());
  check_ids(items, dataset_files::kItems, num_items);
  user_ids = IdFile(folder / dataset_files::kUserIds, num_users, true);
  item_ids = IdFile(folder / dataset_files::kItemIds, num_items, true);
  if (has_titles) titles = IdFile(folder / dataset_files::kTitles, num_items, false);
}

void Dataset::Parts::map_splits() {
  splits = map<SplitPoint>(splits_file, dataset_files::kSplits, num_users);
  for (int64_t user = 0; user < num_users; ++user) {
    const SplitPoint& cut = splits[user];
    const int64_t n = offsets[user + 1] - offsets[user];
    const auto range = [n](int64_t begin, int64_t end) {
      return 0 <= begin && begin <= end && end <= n;
    };
    check_data(
        range(0, cut.train_end) && range(cut.valid_begin, cut.valid_end) &&
            range(cut.test_begin, cut.test_end),
        "{}: the cuts of user number {} do not lie inside their {} events: the file is damaged",
        (folder / dataset_files::kSplits).string(), user, n);
  }
}

void Dataset::Parts::map_attributes() {
  if (!has_attributes) return;
  attribute_offsets =
      map<int64_t>(attribute_offsets_file, dataset_files::kAttributeOffsets, num_items + 1);
  check_data(attribute_offsets.back() >= 0, "{}: the offsets do not ascend: the file is damaged",
             (folder / dataset_files::kAttributeOffsets).string());
  attributes = map<int32_t>(attributes_file, dataset_files::kAttributes, attribute_offsets.back());
  check_offsets(attribute_offsets, dataset_files::kAttributeOffsets, attributes.size());
  check_ids(attributes, dataset_files::kAttributes, num_attributes);
  attribute_ids = IdFile(folder / dataset_files::kAttributeIds, num_attributes, true);
  if (!attribute_fingerprint.empty()) return;
  attribute_fingerprint =
      truenext::attribute_fingerprint(item_ids, {attributes, attribute_offsets}, attribute_ids);
}

Dataset Dataset::open(const fs::path& folder) {
  auto parts = std::make_unique<Parts>();
  parts->folder = folder;
  parts->read_description();
  parts->map_events();
  parts->map_splits();
  parts->map_attributes();
  return Dataset(std::move(parts));
}

Dataset::Dataset(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;
Dataset::~Dataset() = default;

const fs::path& Dataset::folder() const {
  return parts_->folder;
}
int64_t Dataset::num_users() const {
  return parts_->num_users;
}
int64_t Dataset::num_items() const {
  return parts_->num_items;
}
int64_t Dataset::num_events() const {
  return parts_->num_events;
}
bool Dataset::has_times() const {
  return parts_->has_times;
}

JaggedView<int32_t> Dataset::histories() const {
  return {parts_->items, parts_->offsets};
}
JaggedView<int64_t> Dataset::times() const {
  return {parts_->times, parts_->offsets};
}
bool Dataset::has_values() const {
  return parts_->has_values;
}
JaggedView<float> Dataset::values() const {
  return {parts_->values, parts_->offsets};
}
std::span<const SplitPoint> Dataset::splits() const {
  return parts_->splits;
}

const IdMap& Dataset::users() const {
  return parts_->user_ids;
}
const IdMap& Dataset::items() const {
  return parts_->item_ids;
}
std::string_view Dataset::title(int64_t item) const {
  return parts_->has_titles ? parts_->titles.raw(item) : std::string_view();
}
JaggedView<int32_t> Dataset::attributes() const {
  return {parts_->attributes, parts_->attribute_offsets};
}
const IdMap& Dataset::attribute_ids() const {
  return parts_->attribute_ids;
}

const std::string& Dataset::fingerprint() const {
  return parts_->fingerprint;
}
const std::string& Dataset::split_fingerprint() const {
  return parts_->split_fingerprint;
}
const std::string& Dataset::attribute_fingerprint() const {
  return parts_->attribute_fingerprint;
}
const std::string& Dataset::split_name() const {
  return parts_->split_name;
}
bool Dataset::has_windows() const {
  return parts_->has_windows;
}
const std::string& Dataset::description() const {
  return parts_->description;
}

}  // namespace truenext
