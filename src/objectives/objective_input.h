// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/used_rows.h"
#include "batch/batch.h"

namespace truenext {

/// What a tile hands to the objective. T is float, or double for exact gradient checks.
template <typename T>
struct ObjectiveInput {
  const T* states = nullptr;  ///< [tokens, dim], or [queries, dim]
  bool by_query = false;      ///< states, and their gradients, have a row a query, not a token
  const T* table = nullptr;   ///< [num_items, dim], or [held->size(), dim]
  int64_t dim = 0;
  const Tile* tile = nullptr;
  int64_t divisor = 0;  ///< of the batch's loss, from Objective::divisor()
  uint64_t seed = 0;
  uint64_t step = 0;  ///< fresh negatives for every step
  /// Items whose rows `table` consists of, in their order; null when it has all. Sampled candidates
  /// only. The gradient's rows are numbered alike.
  const UsedRows* held = nullptr;
  double temperature = 1;  ///< scores are divided by it

  /// Row of a query's state.
  int64_t row_of(int64_t query) const { return by_query ? query : tile->targets.rows[query]; }
  int64_t rows() const { return by_query ? tile->targets.size() : tile->tokens(); }
};

}  // namespace truenext
