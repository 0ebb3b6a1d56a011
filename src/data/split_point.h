// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace truenext {

/// Where a user's sequence s_0 .. s_{n-1} is cut: train on [0, train_end); validate on
/// [valid_begin, valid_end) with the history [0, valid_begin); test on [test_begin, test_end) with
/// the history [0, test_begin). An empty range means that the user is not evaluated there. Splits
/// are such views, never copies: leave-last, temporal, by user and given splits all fit.
struct SplitPoint {
  int64_t train_end = 0;
  int64_t valid_begin = 0, valid_end = 0;
  int64_t test_begin = 0, test_end = 0;

  friend bool operator==(const SplitPoint&, const SplitPoint&) = default;
};

}  // namespace truenext
