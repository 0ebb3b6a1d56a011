// SPDX-License-Identifier: Apache-2.0
// Matrix products with a packed B. Attention multiplies many short pieces of a sequence with the
// same matrix; attention.cpp has the measurements.
#include "kernels/packed.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/packed.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include "kernels/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace {

/// call(first column, columns) for the panels of n columns.
template <class Call>
HWY_INLINE void for_each_panel(int64_t n, const Call& call) {
  for (int64_t j = 0; j < n; j += kPanel) call(j, HWY_MIN(kPanel, n - j));
}

template <bool kTransposedA>
void product(int64_t m, int64_t n, int64_t k, Matrix a, const PackedMatrix& b, int64_t first,
             float* c, int64_t ldc) {
  for_each_panel(n, [&](int64_t j, int64_t columns) HWY_ATTR {
    const Matrix rows{b.data + j / kPanel * b.panel + first * b.row, b.row};
    panel<kTransposedA>(m, k, a, rows, c + j, ldc, columns, false);
  });
}

}  // namespace

PackedMatrix pack_n(int64_t k, int64_t n, const float* b, int64_t ldb, float* memory) {
  if (n % kLanes == 0) return {b, ldb, kPanel};
  for_each_panel(n, [&](int64_t j, int64_t columns) HWY_ATTR {
    pack_rows(k, columns, kPanel, {b + j, ldb}, memory + j * k);
  });
  return {memory, kPanel, k * kPanel};
}

PackedMatrix pack_t(int64_t k, int64_t n, const float* b, int64_t ldb, float* memory) {
  for_each_panel(n, [&](int64_t j, int64_t columns) HWY_ATTR {
    pack_columns(k, columns, kPanel, {b + j * ldb, ldb}, false, memory + j * k);
  });
  return {memory, kPanel, k * kPanel};
}

void packed_nn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const PackedMatrix& b,
               float* c, int64_t ldc) {
  product<false>(m, n, k, {a, lda}, b, 0, c, ldc);
}

void packed_tn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const PackedMatrix& b,
               int64_t first, float* c, int64_t ldc) {
  product<true>(m, n, k, {a, lda}, b, first, c, ldc);
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(pack_n);
HWY_EXPORT(pack_t);
HWY_EXPORT(packed_nn);
HWY_EXPORT(packed_tn);

int64_t packed_size(int64_t k, int64_t n) {
  constexpr int64_t kWidestPanel = 64;  // a multiple of every instruction set's
  return (n + kWidestPanel - 1) / kWidestPanel * kWidestPanel * k;
}

PackedMatrix pack_n(int64_t k, int64_t n, const float* b, int64_t ldb, float* memory) {
  return HWY_DYNAMIC_DISPATCH(pack_n)(k, n, b, ldb, memory);
}

PackedMatrix pack_t(int64_t k, int64_t n, const float* b, int64_t ldb, float* memory) {
  return HWY_DYNAMIC_DISPATCH(pack_t)(k, n, b, ldb, memory);
}

void packed_nn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const PackedMatrix& b,
               float* c, int64_t ldc) {
  HWY_DYNAMIC_DISPATCH(packed_nn)(m, n, k, a, lda, b, c, ldc);
}

void packed_tn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const PackedMatrix& b,
               int64_t first, float* c, int64_t ldc) {
  HWY_DYNAMIC_DISPATCH(packed_tn)(m, n, k, a, lda, b, first, c, ldc);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
