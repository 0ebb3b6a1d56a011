// SPDX-License-Identifier: Apache-2.0
// Matrix products. A tile of kRows x (kVectors vectors) of C stays in registers while the loop runs
// over k; B is packed into a panel of one tile's width that stays in the first-level cache, A is
// read where it lies. Every element of C is one chain of fused multiply-adds in the order of k,
// whatever the size of the call and the element's place in it.
//
// GFLOP/s on one Zen 5 core (peak 232), 512x128x128 / 64x107x128 / 64x65536x64, B transposed:
//   panel of 6 x 64, B transposed through an array of 16 row pointers     218 / 182 / 98
//   next rows of a large B prefetched while packing                       225 / 182 / 143
//   rows of B addressed by 4 pointers and a stride (16 spilled)           230 / 200 / 143+  chosen
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include "kernels/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kDepth = kLanes >= 16 ? 128 : 256;  // k per panel: at most 32 KB
constexpr int64_t kBlockRows = 512;                   // rows of A revisited per panel, in level 2
constexpr int64_t kBlockColumns = 1024;               // columns of C finished before moving on
constexpr int64_t kUnpackedRows = 2 * kRows;          // below, packing B costs more than it saves

// B of this many elements is not expected in the caches near the core: 256 KB.
constexpr int64_t kFarElements = 1 << 16;

struct Sizes {
  int64_t m, n, k;
};

/// C (+)= op(A) . op(B) for one range of rows and columns of C that fits the caches.
template <bool kTransposedA, bool kTransposedB>
void block(Sizes size, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate) {
  HWY_ALIGN float packed[kPanel * kDepth];
  const int64_t slices = (size.k + kDepth - 1) / kDepth;
  const bool fetches = size.n * size.k >= kFarElements;
  const int64_t depth = ((size.k + slices - 1) / slices + 3) / 4 * 4;
  for (int64_t l = 0; l < size.k; l += depth) {
    const int64_t k = HWY_MIN(depth, size.k - l);
    const Matrix a_slice{a.data + (kTransposedA ? l * a.stride : l), a.stride};
    for (int64_t j = 0; j < size.n; j += kPanel) {
      const int64_t columns = HWY_MIN(kPanel, size.n - j);
      const int64_t width = (columns + kLanes - 1) / kLanes * kLanes;
      Matrix panel_b{packed, width};
      if constexpr (kTransposedB) {
        pack_columns(k, columns, width, {b.data + j * b.stride + l, b.stride}, fetches, packed);
      } else if (size.m <= kUnpackedRows && columns == width) {
        panel_b = {b.data + l * b.stride + j, b.stride};
      } else {
        pack_rows(k, columns, width, {b.data + l * b.stride + j, b.stride}, packed);
      }
      panel<kTransposedA>(size.m, k, a_slice, panel_b, c + j, ldc, columns, accumulate || l > 0);
    }
  }
}

template <bool kTransposedA, bool kTransposedB>
void gemm(Sizes size, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate) {
  if (size.m <= 0 || size.n <= 0) return;
  if (size.k <= 0) {
    for (int64_t i = 0; i < size.m && !accumulate; ++i) {
      for (int64_t j = 0; j < size.n; ++j) c[i * ldc + j] = 0.0f;
    }
    return;
  }
  for (int64_t i = 0; i < size.m; i += kBlockRows) {
    const int64_t m = HWY_MIN(kBlockRows, size.m - i);
    const Matrix a_rows{a.data + (kTransposedA ? i : i * a.stride), a.stride};
    for (int64_t j = 0; j < size.n; j += kBlockColumns) {
      const int64_t n = HWY_MIN(kBlockColumns, size.n - j);
      const Matrix b_columns{b.data + (kTransposedB ? j * b.stride : j), b.stride};
      block<kTransposedA, kTransposedB>({m, n, size.k}, a_rows, b_columns, c + i * ldc + j, ldc,
                                        accumulate);
    }
  }
}

}  // namespace

void gemm_nt(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate) {
  gemm<false, true>({m, n, k}, {a, lda}, {b, ldb}, c, ldc, accumulate);
}

void gemm_nn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate) {
  gemm<false, false>({m, n, k}, {a, lda}, {b, ldb}, c, ldc, accumulate);
}

void gemm_tn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate) {
  gemm<true, false>({m, n, k}, {a, lda}, {b, ldb}, c, ldc, accumulate);
}

const char* instruction_set() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(gemm_nt);
HWY_EXPORT(gemm_nn);
HWY_EXPORT(gemm_tn);
HWY_EXPORT(instruction_set);

void gemm_nt(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(gemm_nt)(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

void gemm_nn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(gemm_nn)(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

void gemm_tn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(gemm_tn)(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

const char* instruction_set() {
  return HWY_DYNAMIC_DISPATCH(instruction_set)();
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
