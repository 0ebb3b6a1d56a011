// SPDX-License-Identifier: Apache-2.0
#include "inference/stored_counts.h"

#include <algorithm>
#include <span>

#include "base/error.h"

namespace truenext {
namespace {

constexpr const char* kOffsets = "next_counts.offsets";
constexpr const char* kItems = "next_counts.items";
constexpr const char* kTimes = "next_counts.times";
constexpr const char* kPopular = "next_counts.popular";

template <typename T>
void add_vector(SafetensorsWriter& writer, const char* name, DType type,
                const std::vector<T>& values) {
  writer.add(name, type, {std::ssize(values)}, std::as_bytes(std::span(values)));
}

bool bounds_fit(std::span<const int64_t> offsets, int64_t items, int64_t pairs) {
  return std::ssize(offsets) == items + 1 && offsets.front() == 0 && offsets.back() == pairs &&
         std::is_sorted(offsets.begin(), offsets.end());
}

/// Items ascend and are items, counts are counts.
bool row_fits(std::span<const NextCounts::Follower> row, int64_t items) {
  int64_t before = -1;
  for (const auto& [item, times] : row) {
    if (item <= before || item >= items || times < 1) return false;
    before = item;
  }
  return true;
}

}  // namespace

StoredCounts::StoredCounts(const std::optional<NextCounts>& counts) : counts_(counts) {
  if (!counts) return;
  for (const auto& [item, times] : counts->followers.values) {
    items_.push_back(item);
    times_.push_back(times);
  }
}

void StoredCounts::add_to(SafetensorsWriter& writer) const {
  if (!counts_) return;
  add_vector(writer, kOffsets, DType::i64, counts_->followers.offsets);
  add_vector(writer, kItems, DType::i32, items_);
  add_vector(writer, kTimes, DType::i32, times_);
  add_vector(writer, kPopular, DType::i64, counts_->popular);
}

std::optional<NextCounts> read_stored_counts(const SafetensorsFile& file, int64_t num_items) {
  if (!file.tensors().contains(kOffsets)) return std::nullopt;
  const std::span<const int64_t> offsets = file.vector<int64_t>(kOffsets);
  const std::span<const int32_t> items = file.vector<int32_t>(kItems);
  const std::span<const int32_t> times = file.vector<int32_t>(kTimes);
  const std::span<const int64_t> popular = file.vector<int64_t>(kPopular);
  const auto check = [&](bool fits, const char* name) {
    check_data(fits, "{}: tensor {}: counts of {} items do not fit: the file is damaged",
               file.path().string(), name, num_items);
  };
  check(bounds_fit(offsets, num_items, std::ssize(items)), kOffsets);
  check(std::ssize(times) == std::ssize(items), kTimes);
  check(std::ssize(popular) == num_items &&
            std::ranges::all_of(popular, [](int64_t count) { return count >= 0; }),
        kPopular);
  NextCounts counts;
  counts.followers.offsets.assign(offsets.begin(), offsets.end());
  for (size_t i = 0; i < items.size(); ++i) counts.followers.values.push_back({items[i], times[i]});
  counts.popular.assign(popular.begin(), popular.end());
  for (int64_t item = 0; item < num_items; ++item) {
    check(row_fits(counts.followers.row(item), num_items), kItems);
  }
  return counts;
}

}  // namespace truenext
