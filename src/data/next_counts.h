// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "data/split_point.h"

namespace truenext {

class Dataset;

/// How often items follow each other directly in the training parts of all users, and how often
/// they occur there. Items are those of whatever it was counted for, a dataset or a model.
struct NextCounts {
  struct Follower {
    int32_t item = 0;
    int32_t times = 0;  ///< at least 1
    friend bool operator==(const Follower&, const Follower&) = default;
  };
  Jagged<Follower> followers;    ///< a row for each item, ascending items
  std::vector<int64_t> popular;  ///< [items]

  int64_t num_items() const { return static_cast<int64_t>(popular.size()); }
};

NextCounts count_next(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                      int64_t num_items);
NextCounts count_next(const Dataset& dataset);

/// The same with item i renamed to numbers[i] of `num_items`; what becomes -1 is left out. No two
/// items become one.
NextCounts renumbered(const NextCounts& counts, std::span<const int32_t> numbers,
                      int64_t num_items);

}  // namespace truenext
