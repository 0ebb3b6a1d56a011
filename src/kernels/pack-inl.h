// SPDX-License-Identifier: Apache-2.0
// Copies B of a matrix product into a panel [k, width] whose rows are whole vectors. Included once
// per instruction set.
#if defined(TRUENEXT_KERNELS_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TRUENEXT_KERNELS_PACK_INL_H_
#undef TRUENEXT_KERNELS_PACK_INL_H_
#else
#define TRUENEXT_KERNELS_PACK_INL_H_
#endif

#include <hwy/cache_control.h>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

struct Matrix {
  const float* data;
  int64_t stride;
};

/// panel[l, 0 .. columns) = B[l, 0 .. columns), zeros behind up to a whole vector.
HWY_INLINE void pack_rows(int64_t k, int64_t columns, int64_t width, Matrix b, float* to) {
  for (int64_t l = 0; l < k; ++l, to += width, b.data += b.stride) {
    for_each(columns, [&](int64_t j, auto part) HWY_ATTR {
      hn::StoreU(part.rest(part.load(b.data + j), zero()), D(), to + j);
    });
  }
}

/// panel[l, j] = B[j, l] for 4 values of l and kLanes of j: 128-bit pieces of 4 rows of B at a time
/// are put beside each other, then transposed within their blocks. row(i) is row i of the group.
template <class RowOf>
HWY_INLINE void transpose_block(const RowOf& row, int64_t l, int64_t width, float* to) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t i = 0; i < 4; ++i) to[i * width] = row(0)[l + i];
#else
  const D d;
  const hn::Repartition<double, D> dd;
  V x[4];
  HWY_UNROLL(4) for (int64_t r = 0; r < 4; ++r) {
    x[r] = hn::LoadDup128(d, row(r) + l);
    HWY_UNROLL(4) for (int64_t part = 1; part < kLanes / 4; ++part) {
      const M before = hn::FirstN(d, static_cast<size_t>(4 * part));
      x[r] = hn::IfThenElse(before, x[r], hn::LoadDup128(d, row(r + 4 * part) + l));
    }
  }
  const auto low01 = hn::BitCast(dd, hn::InterleaveLower(d, x[0], x[1]));
  const auto low23 = hn::BitCast(dd, hn::InterleaveLower(d, x[2], x[3]));
  const auto high01 = hn::BitCast(dd, hn::InterleaveUpper(d, x[0], x[1]));
  const auto high23 = hn::BitCast(dd, hn::InterleaveUpper(d, x[2], x[3]));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dd, low01, low23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dd, low01, low23)), d, to + width);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dd, high01, high23)), d, to + 2 * width);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dd, high01, high23)), d, to + 3 * width);
#endif
}

/// panel[l, 0 .. kLanes) = B[0 .. kLanes, l] for one group of rows.
template <class RowOf>
HWY_INLINE void transpose_rows(const RowOf& row, int64_t k, int64_t width, bool fetches,
                               int64_t stride, float* to) {
  int64_t l = 0;
  for (; l + 4 <= k; l += 4) {
    if (fetches && l % 16 == 0) {
      for (int64_t i = 0; i < kLanes; ++i) hwy::Prefetch(row(i) + kLanes * stride + l);
    }
    transpose_block(row, l, width, to + l * width);
  }
  if (l < k && k >= 4) {  // the last 4 once more, overlapping those before
    transpose_block(row, k - 4, width, to + (k - 4) * width);
    return;
  }
  for (; l < k; ++l) {
    for (int64_t i = 0; i < kLanes; ++i) to[l * width + i] = row(i)[l];
  }
}

/// panel[l, j] = B[j, l]; columns that do not exist repeat the last one. `fetches`: B comes from
/// memory, so the next group of rows is prefetched (142 instead of 95 GFLOP/s at 64 x 65536 x 64).
HWY_INLINE void pack_columns(int64_t k, int64_t columns, int64_t width, Matrix b, bool fetches,
                             float* to) {
  int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    const float* first = b.data + j * b.stride;
    const float* quarters[4];  // few pointers: 16 do not fit the registers
    for (int64_t i = 0; i < 4; ++i) quarters[i] = first + HWY_MIN(4 * i, kLanes - 1) * b.stride;
    const auto row = [&](int64_t i) HWY_ATTR { return quarters[i / 4] + (i % 4) * b.stride; };
    transpose_rows(row, k, width, fetches, b.stride, to + j);
  }
  if (j >= columns) return;
  const auto row = [&](int64_t i)
                       HWY_ATTR { return b.data + HWY_MIN(j + i, columns - 1) * b.stride; };
  transpose_rows(row, k, width, false, b.stride, to + j);
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
