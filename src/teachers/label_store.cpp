// SPDX-License-Identifier: Apache-2.0
#include "teachers/label_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "data/json_number.h"
#include "teachers/label_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// Empty when it is no description of labels.
nlohmann::json read_description(const fs::path& folder) {
  const fs::path path = folder / label_files::kDescription;
  if (!fs::is_regular_file(path)) return {};
  nlohmann::json json = nlohmann::json::parse(read_file(path, 16 << 20), nullptr, false);
  const bool ours =
      json.is_object() && json.value("kind", nlohmann::json()) == nlohmann::json(kLabelKind);
  return ours ? json : nlohmann::json();
}

/// The fields of a description, each with an Error of its own.
class Fields {
 public:
  Fields(const nlohmann::json& json, fs::path path) : json_(json), path_(std::move(path)) {}

  int64_t number(const char* name, int64_t least) const {
    int64_t value = -1;
    try {
      value = whole_number(json_.at(name));
    } catch (const nlohmann::json::exception&) {
      unusable(name);
    }
    check_data(value >= least && value < int64_t{1} << 48, "{}: {} = {} is impossible",
               path_.string(), name, value);
    return value;
  }
  std::string text(const char* name) const {
    try {
      return json_.at(name).get<std::string>();
    } catch (const nlohmann::json::exception&) {
      unusable(name);
    }
  }

 private:
  [[noreturn]] void unusable(const char* name) const {
    fail_data("{}: no usable \"{}\": the file is damaged; label again", path_.string(), name);
  }

  const nlohmann::json& json_;
  fs::path path_;
};

/// Labels of a tile's queries, each an interval of the store.
class StoredLabels final : public TileLabels {
 public:
  StoredLabels(const LabelStore& store, const Tile& tile)
      : items_(store.num_items()), sums_(store.running_sums()) {
    labels_.reserve(tile.targets.places.size());
    for (const HistoryPlace& place : tile.targets.places) {
      labels_.push_back(place.end > 0 ? store.label(place) : StoredLabel());
    }
  }

  bool is_stored() const override { return true; }
  StoredLabel stored(int64_t query) const override { return labels_[static_cast<size_t>(query)]; }

  double mass(int64_t query) const override {
    if (!sums_) return 1;
    const StoredLabel label = stored(query);
    const auto others = static_cast<double>(items_ - std::ssize(label.items));
    return std::accumulate(label.probabilities.begin(), label.probabilities.end(),
                           others * static_cast<double>(label.rest));
  }

  void probabilities(int64_t begin, int64_t end, int64_t first, int64_t count,
                     float* out) const override {
    for (int64_t q = begin; q < end; ++q, out += count) {
      const StoredLabel& label = labels_[static_cast<size_t>(q)];
      std::fill_n(out, count, label.rest);
      auto item = std::ranges::lower_bound(label.items, static_cast<int32_t>(first));
      for (; item != label.items.end() && *item < first + count; ++item) {
        out[*item - first] = label.probabilities[item - label.items.begin()];
      }
    }
  }

 private:
  int64_t items_;
  bool sums_;
  std::vector<StoredLabel> labels_;
};

}  // namespace

bool has_labels(const fs::path& folder, const std::string& fingerprint) {
  const nlohmann::json json = read_description(folder);
  return json.is_object() && json.value("fingerprint", nlohmann::json()) == fingerprint;
}

LabelStore::LabelStore(const fs::path& folder, const Dataset& dataset)
    : folder_(folder), splits_(dataset.splits()) {
  const nlohmann::json json = read_description(folder);
  check_data(json.is_object(), "{}: holds no soft labels; `truenext label` makes them",
             folder.string());
  const fs::path path = folder / label_files::kDescription;
  const Fields fields(json, path);
  check_data(fields.number("version", 0) == kLabelVersion,
             "{}: written in version {}, this program reads version {}; label again", path.string(),
             fields.number("version", 0), kLabelVersion);
  const std::string made_for = fields.text("split_fingerprint");
  check_data(made_for == dataset.split_fingerprint(),
             "{}: labels of the split {}, but {} has {}; label these data", folder.string(),
             made_for, dataset.folder().string(), dataset.split_fingerprint());
  num_items_ = fields.number("items", 1);
  num_users_ = fields.number("users", 0);
  rows_ = fields.number("rows", 0);
  kept_ = fields.number("kept", 1);
  newest_ = fields.number("newest", 0);
  fingerprint_ = fields.text("fingerprint");
  check_data(
      num_items_ == dataset.num_items() && num_users_ == dataset.num_users() && kept_ <= num_items_,
      "{}: {} items and {} users, {} kept, but {} has {} and {}: the file is damaged",
      path.string(), num_items_, num_users_, kept_, dataset.folder().string(), dataset.num_items(),
      dataset.num_users());
  const auto teachers = json.value("teachers", nlohmann::json::array()).size();
  const bool sums = json.value("running_sum", nlohmann::json(false)) == true;
  if (sums) most_ = static_cast<double>(std::max<size_t>(2, teachers));
  name_ =
      fmt::format("{} teacher{}, {}{}, temperature {:g}, {} items kept", teachers,
                  teachers == 1 ? "" : "s", fields.text("mixing"),
                  sums ? " not divided, as published" : "", json.value("temperature", 1.0), kept_);
  offsets_ = map<int64_t>(offsets_file_, label_files::kOffsets, num_users_ + 1);
  items_ = map<int32_t>(items_file_, label_files::kItems, rows_ * kept_);
  probabilities_ = map<float>(probabilities_file_, label_files::kProbabilities, rows_ * kept_);
  rest_ = map<float>(rest_file_, label_files::kRest, rows_);
  check_rows();
}

template <typename T>
std::span<const T> LabelStore::map(MappedFile& file, const char* name, int64_t count) {
  const std::string path = (folder_ / name).string();
  file = MappedFile(path);
  const std::span<const T> values = file.as<T>(path.c_str());
  check_data(std::ssize(values) == count,
             "{}: {} entries, want {} as in {}: the file is truncated or damaged; label again",
             path, values.size(), count, label_files::kDescription);
  return values;
}

void LabelStore::check_rows() const {
  int64_t row = 0;
  for (int64_t user = 0; user < num_users_; ++user) {
    check_data(offsets_[user] == row,
               "{}: the offset of user {} is {}, want {}: the file is "
               "damaged; label again",
               (folder_ / label_files::kOffsets).string(), user, offsets_[user], row);
    row += std::max<int64_t>(0, splits_[user].train_end - first_end(splits_[user], newest_));
  }
  check_data(offsets_[num_users_] == row && row == rows_,
             "{}: {} labels, want {}: the file is damaged; label again",
             (folder_ / label_files::kOffsets).string(), rows_, row);
  for (row = 0; row < rows_; ++row) {
    const auto begin = static_cast<size_t>(row * kept_), size = static_cast<size_t>(kept_);
    const auto items = items_.subspan(begin, size);
    const bool ascend = std::ranges::adjacent_find(items, std::greater_equal<>()) == items.end();
    check_data(ascend && items.front() >= 0 && items.back() < num_items_,
               "{}: row {} has no ascending items below {}: the file is damaged; label again",
               (folder_ / label_files::kItems).string(), row, num_items_);
    const auto is_share = [&](float p) { return p >= 0 && p <= 1.00001 * most_; };
    check_data(
        std::ranges::all_of(probabilities_.subspan(begin, size), is_share) && is_share(rest_[row]),
        "{}: row {} has numbers that are no probabilities: the labels are damaged, or their "
        "teachers' models are; label again",
        (folder_ / label_files::kProbabilities).string(), row);
  }
}

double LabelStore::mean_rest() const {
  if (rows_ == 0) return 0;
  double sum = 0;
  for (const float rest : rest_) sum += rest;
  return sum * static_cast<double>(num_items_ - kept_) / static_cast<double>(rows_);
}

StoredLabel LabelStore::label(HistoryPlace place) const {
  const int64_t first = first_end(splits_[place.user], newest_);
  check_data(place.end >= first && place.end < splits_[place.user].train_end,
             "{}: has no label for the history of {} items of user {}, only from {} on (newest = "
             "{}); label with --newest 0",
             folder_.string(), place.end, place.user, first, newest_);
  const int64_t row = offsets_[place.user] + place.end - first;
  const auto begin = static_cast<size_t>(row * kept_), size = static_cast<size_t>(kept_);
  return {items_.subspan(begin, size), probabilities_.subspan(begin, size), rest_[row]};
}

std::unique_ptr<TileLabels> LabelStore::of(const Tile& tile) const {
  return std::make_unique<StoredLabels>(*this, tile);
}

}  // namespace truenext
