// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/kernels.h"

namespace truenext::kernels {

/// Query rows handled together, three tiles of a matrix product: a causal block skips the keys
/// behind it, so the fewer the rows the fewer products are made in vain.
constexpr int64_t kAttentionRows = 18;
/// Rows of weights begin at multiples of this many floats, the widest vector.
constexpr int64_t kAttentionAlign = 16;

/// A block of query rows of one sequence and the matrix of their weights: [rows, stride], columns
/// 0 .. keys - 1 for the keys (zero where a later key is hidden) and column `keys` for the virtual
/// padding key.
struct AttentionBlock {
  int64_t length;     ///< tokens of the sequence
  int64_t first_row;  ///< query of row 0, oldest token = 0
  int64_t rows;
  int64_t keys;     ///< that any row sees
  int64_t padding;  ///< virtual keys, 0 without
  int64_t stride;
  bool causal;

  /// Keys that row `row` of the block sees.
  int64_t seen(int64_t row) const { return causal ? first_row + row + 1 : keys; }
  int64_t size() const { return rows * stride; }
};

inline AttentionBlock attention_block(const AttentionShape& shape, int64_t length,
                                      int64_t first_row) {
  const int64_t rows = std::min(kAttentionRows, length - first_row);
  const int64_t keys = shape.causal ? first_row + rows : length;
  const int64_t padding = std::max<int64_t>(shape.max_length - length, 0);
  const int64_t columns = keys + (padding > 0 ? 1 : 0);
  const int64_t stride = (columns + kAttentionAlign - 1) / kAttentionAlign * kAttentionAlign;
  return {length, first_row, rows, keys, padding, stride, shape.causal};
}

/// Scratch matrices [length, stride] of the backward pass of one head of a sequence: a query's keys
/// in columns 0, 1, ... and its virtual key behind those that its block sees.
struct AttentionWork {
  float* used;  ///< weights after dropout
  float* grad;  ///< gradient of `used`, then of the raw scores
  int64_t stride;
};

/// Floats that one head of a sequence saves: its blocks one after the other.
inline int64_t attention_head_size(const AttentionShape& shape, int64_t length) {
  int64_t size = 0;
  for (int64_t row = 0; row < length; row += kAttentionRows) {
    size += attention_block(shape, length, row).size();
  }
  return size;
}

}  // namespace truenext::kernels
