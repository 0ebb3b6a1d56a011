// SPDX-License-Identifier: Apache-2.0
// Dropout factors of whole rows; the generator is in kernels/dropout-inl.h.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dropout.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/dropout-inl.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

void dropout_factors(const Dropout& dropout, uint64_t stream, uint32_t row, int64_t dim,
                     float* factors) {
  HWY_ALIGN uint32_t blocks[kLanes];
  HWY_ALIGN uint32_t rows[kLanes];
  HWY_ALIGN float last[kDropoutColumns];
  for (int64_t i = 0; i < kLanes; ++i) rows[i] = row;
  for (int64_t c = 0; c < dim; c += kDropoutColumns) {
    for (int64_t i = 0; i < kLanes; ++i) blocks[i] = static_cast<uint32_t>(c / 8 + i);
    const bool whole = c + kDropoutColumns <= dim;
    mask_factors(dropout, stream, kLanes, blocks, rows, whole ? factors + c : last);
    if (!whole) std::memcpy(factors + c, last, static_cast<size_t>(dim - c) * sizeof(float));
  }
}

namespace {

struct RowNumbers {
  const uint64_t* streams;
  const int32_t* rows;
};

/// Rows whose masks fill the lanes of the generator by themselves.
void drop_wide_rows(const Dropout& dropout, int64_t rows, int64_t dim, RowNumbers at, float* x) {
  HWY_ALIGN uint32_t blocks[kLanes];
  HWY_ALIGN uint32_t numbers[kLanes];
  HWY_ALIGN float factors[kDropoutColumns];
  for (int64_t r = 0; r < rows; ++r, x += dim) {
    for (int64_t i = 0; i < kLanes; ++i) numbers[i] = static_cast<uint32_t>(at.rows[r]);
    for (int64_t c = 0; c < dim; c += kDropoutColumns) {
      for (int64_t i = 0; i < kLanes; ++i) blocks[i] = static_cast<uint32_t>(c / 8 + i);
      mask_factors(dropout, at.streams[r], kLanes, blocks, numbers, factors);
      for_each(HWY_MIN(dim - c, kDropoutColumns), [&](int64_t i, auto part) HWY_ATTR {
        part.store(hn::Mul(part.load(x + c + i), part.load(factors + i)), x + c + i);
      });
    }
  }
}

/// Rows of whole blocks of 8 columns: the blocks of all rows are one list, so that those of the
/// next row fill the lanes that a row leaves idle.
void drop_row_blocks(const Dropout& dropout, int64_t rows, int64_t dim, RowNumbers at, float* x) {
  HWY_ALIGN uint32_t blocks[kLanes] = {};
  HWY_ALIGN uint32_t numbers[kLanes] = {};
  HWY_ALIGN uint32_t low[kLanes] = {};
  HWY_ALIGN uint32_t high[kLanes] = {};
  HWY_ALIGN uint32_t words[4 * kLanes];
  HWY_ALIGN float factors[kDropoutColumns];
  int64_t row = 0;
  uint32_t block = 0;
  for (int64_t left = rows * dim; left > 0; left -= kDropoutColumns, x += kDropoutColumns) {
    for (int64_t i = 0; i < kLanes && row < rows; ++i) {
      blocks[i] = block;
      numbers[i] = static_cast<uint32_t>(at.rows[row]);
      low[i] = static_cast<uint32_t>(at.streams[row]);
      high[i] = static_cast<uint32_t>(at.streams[row] >> 32);
      if (8 * int64_t{++block} < dim) continue;
      block = 0;
      ++row;
    }
    random_words(dropout.key, {blocks, numbers, low, high}, words);
    factors_of(words, dropout, factors);
    for_each(HWY_MIN(left, kDropoutColumns), [&](int64_t i, auto part) HWY_ATTR {
      part.store(hn::Mul(part.load(x + i), part.load(factors + i)), x + i);
    });
  }
}

}  // namespace

void dropout_rows(const Dropout& dropout, int64_t rows, int64_t dim, const uint64_t* streams,
                  const int32_t* row_numbers, float* x) {
  if (dim % 8 == 0 && dim % kDropoutColumns != 0) {
    drop_row_blocks(dropout, rows, dim, {streams, row_numbers}, x);
  } else {
    drop_wide_rows(dropout, rows, dim, {streams, row_numbers}, x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(dropout_factors);
HWY_EXPORT(dropout_rows);

Dropout Dropout::with_rate(double rate, PhiloxKey key) {
  Dropout dropout;
  dropout.threshold = static_cast<uint32_t>(std::lround(std::clamp(rate, 0.0, 1.0) * 65536.0));
  const double kept = 1.0 - dropout.threshold / 65536.0;
  dropout.scale = kept > 0 ? static_cast<float>(1.0 / kept) : 0.0f;
  dropout.key = key;
  return dropout;
}

void dropout_factors(const Dropout& dropout, uint64_t stream, uint32_t row, int64_t dim,
                     float* factors) {
  HWY_DYNAMIC_DISPATCH(dropout_factors)(dropout, stream, row, dim, factors);
}

void dropout_rows(const Dropout& dropout, int64_t rows, int64_t dim, const uint64_t* streams,
                  const int32_t* row_numbers, float* x) {
  HWY_DYNAMIC_DISPATCH(dropout_rows)(dropout, rows, dim, streams, row_numbers, x);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
