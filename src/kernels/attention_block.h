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

/// Tokens and queries of one sequence of a packed layer.
struct AttentionSequence {
  int64_t first_token, length;
  int64_t first_query, queries;
  const int32_t* places;  ///< of the queries; null: query i stands at place i

  int64_t place(int64_t query) const { return places ? places[query] : query; }
  /// The first query that stands at `place` or later.
  int64_t first_query_at(int64_t place) const {
    return places ? std::lower_bound(places, places + queries, place) - places : place;
  }
};

inline AttentionSequence attention_sequence(const AttentionShape& shape, int64_t s) {
  const int64_t first = shape.offsets[s];
  const int64_t length = shape.offsets[s + 1] - first;
  if (!shape.query_offsets) return {first, length, first, length, nullptr};
  const int64_t first_query = shape.query_offsets[s];
  return {first, length, first_query, shape.query_offsets[s + 1] - first_query,
          shape.query_places + first_query};
}

/// A block of query rows of one sequence and the matrix of their weights: [rows, stride], columns
/// 0 .. keys - 1 for the keys (zero where a later key is hidden) and column `keys` for the virtual
/// padding key.
struct AttentionBlock {
  int64_t length;     ///< tokens of the sequence
  int64_t first_row;  ///< the sequence's query of row 0
  int64_t rows;
  int64_t keys;     ///< that any row sees, up to the end of the last one's block of keys
  int64_t padding;  ///< virtual keys, 0 without
  int64_t stride;
  bool causal;
  const int32_t* places;  ///< of the rows; null: first_row, first_row + 1, ...

  /// Place of row `row` in the sequence, oldest token = 0.
  int64_t place(int64_t row) const { return places ? places[row] : first_row + row; }
  /// Keys that row `row` of the block sees.
  int64_t seen(int64_t row) const { return causal ? place(row) + 1 : keys; }
  int64_t size() const { return rows * stride; }
};

inline AttentionBlock attention_block(const AttentionShape& shape,
                                      const AttentionSequence& sequence, int64_t first_row) {
  const int64_t length = sequence.length;
  const int64_t rows = std::min(kAttentionRows, sequence.queries - first_row);
  const int64_t last = sequence.place(first_row + rows - 1);
  // Whole blocks of keys, so that the backward pass finds zeros wherever it reads hidden keys.
  const int64_t seen = std::min(length, (last / kAttentionRows + 1) * kAttentionRows);
  const int64_t keys = shape.causal ? seen : length;
  const int64_t padding = std::max<int64_t>(shape.max_length - length, 0);
  const int64_t columns = keys + (padding > 0 ? 1 : 0);
  const int64_t stride = (columns + kAttentionAlign - 1) / kAttentionAlign * kAttentionAlign;
  return {
      length,  first_row, rows,         keys,
      padding, stride,    shape.causal, sequence.places ? sequence.places + first_row : nullptr};
}

/// Keys that any query of the sequence sees, in whole blocks; it has at least one query.
inline int64_t attention_keys(const AttentionShape& shape, const AttentionSequence& sequence) {
  return attention_block(shape, sequence, (sequence.queries - 1) / kAttentionRows * kAttentionRows)
      .keys;
}

/// Scratch matrices [queries, stride] of the backward pass of one head of a sequence: a query's
/// keys in columns 0, 1, ... and its virtual key behind those that its block sees.
struct AttentionWork {
  float* used;  ///< weights after dropout
  float* grad;  ///< gradient of `used`, then of the raw scores
  int64_t stride;
};

/// Floats that one head of a sequence saves: its blocks one after the other.
inline int64_t attention_head_size(const AttentionShape& shape, const AttentionSequence& sequence) {
  int64_t size = 0;
  for (int64_t row = 0; row < sequence.queries; row += kAttentionRows) {
    size += attention_block(shape, sequence, row).size();
  }
  return size;
}

}  // namespace truenext::kernels
