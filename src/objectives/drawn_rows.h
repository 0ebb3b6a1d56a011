// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace truenext {

/// Sampled candidates of a tile's queries written out, for whoever scores them elsewhere: a row is
/// the positives of a query, its negatives, then repeats of its first positive up to `width`. The
/// draws are those of Objective::evaluate().
struct DrawnRows {
  int64_t width = 0;
  std::vector<int32_t> ids;        ///< [queries, width]
  std::vector<int32_t> negatives;  ///< [queries]: how many of a row
  /// [queries, width], to be added to the scores; empty when there is nothing to add. The log-Q
  /// correction, or -1e4 for a negative that must not count: its softplus, sigmoid and exponential
  /// are zero.
  std::vector<float> shifts;
};

}  // namespace truenext
