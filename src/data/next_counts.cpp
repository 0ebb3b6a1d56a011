// SPDX-License-Identifier: Apache-2.0
#include "data/next_counts.h"

#include <algorithm>
#include <utility>

#include "data/dataset.h"

namespace truenext {
namespace {

/// All pairs of an item and what followed it, with repetitions, become rows of counts.
Jagged<NextCounts::Follower> rows_of(std::vector<std::pair<int32_t, int32_t>> pairs,
                                     int64_t num_items) {
  std::ranges::sort(pairs);
  Jagged<NextCounts::Follower> rows;
  rows.offsets.assign(static_cast<size_t>(num_items) + 1, 0);
  for (size_t i = 0; i < pairs.size();) {
    size_t j = i;
    while (j < pairs.size() && pairs[j] == pairs[i]) ++j;
    rows.values.push_back({pairs[i].second, static_cast<int32_t>(j - i)});
    rows.offsets[static_cast<size_t>(pairs[i].first) + 1] = std::ssize(rows.values);
    i = j;
  }
  for (size_t i = 1; i < rows.offsets.size(); ++i) {
    rows.offsets[i] = std::max(rows.offsets[i], rows.offsets[i - 1]);
  }
  return rows;
}

}  // namespace

NextCounts count_next(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                      int64_t num_items) {
  NextCounts counts;
  counts.popular.assign(static_cast<size_t>(num_items), 0);
  std::vector<std::pair<int32_t, int32_t>> pairs;
  for (int64_t user = 0; user < histories.size(); ++user) {
    const auto items =
        histories.row(user).first(static_cast<size_t>(splits[static_cast<size_t>(user)].train_end));
    for (size_t i = 0; i < items.size(); ++i) {
      ++counts.popular[static_cast<size_t>(items[i])];
      if (i > 0) pairs.emplace_back(items[i - 1], items[i]);
    }
  }
  counts.followers = rows_of(std::move(pairs), num_items);
  return counts;
}

NextCounts count_next(const Dataset& dataset) {
  return count_next(dataset.histories(), dataset.splits(), dataset.num_items());
}

NextCounts renumbered(const NextCounts& counts, std::span<const int32_t> numbers,
                      int64_t num_items) {
  NextCounts result;
  result.popular.assign(static_cast<size_t>(num_items), 0);
  std::vector<int64_t> old(static_cast<size_t>(num_items), -1);
  for (size_t item = 0; item < counts.popular.size(); ++item) {
    if (numbers[item] < 0) continue;
    result.popular[static_cast<size_t>(numbers[item])] = counts.popular[item];
    old[static_cast<size_t>(numbers[item])] = static_cast<int64_t>(item);
  }
  std::vector<NextCounts::Follower> row;
  for (const int64_t item : old) {
    row.clear();
    if (item >= 0) {
      for (const auto& [follower, times] : counts.followers.row(item)) {
        const int32_t number = numbers[static_cast<size_t>(follower)];
        if (number >= 0) row.push_back({number, times});
      }
    }
    std::ranges::sort(row, {}, &NextCounts::Follower::item);
    result.followers.add_row(row);
  }
  return result;
}

}  // namespace truenext
