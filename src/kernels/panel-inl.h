// SPDX-License-Identifier: Apache-2.0
// C (+)= A . B for one panel of B, the core of every matrix product: a tile of kRows x (kVectors
// vectors) of C stays in registers while the loop runs over k. Included once per instruction set.
#if defined(TRUENEXT_KERNELS_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TRUENEXT_KERNELS_PANEL_INL_H_
#undef TRUENEXT_KERNELS_PANEL_INL_H_
#else
#define TRUENEXT_KERNELS_PANEL_INL_H_
#endif

#include "kernels/pack-inl.h"
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

// Registers: AVX-512 has 32 (24 sums + 4 of B + 1 of A), AVX2 16 (12 + 2 + 1).
constexpr int kRows = 6;
constexpr int kVectors = kLanes >= 16 ? 4 : 2;
constexpr int64_t kPanel = kVectors * kLanes;  // columns of a panel

/// One tile: C[kM, kN vectors] (+)= A . B. `columns` is how many of the tile's columns exist.
template <int kM, int kN, bool kTransposedA>
HWY_INLINE void tile(int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, int64_t columns,
                     bool accumulate) {
  const D d;
  V sum[kM][kN];
  HWY_UNROLL(8) for (int i = 0; i < kM; ++i) {
    HWY_UNROLL(8) for (int j = 0; j < kN; ++j) sum[i][j] = zero();
  }
  for (int64_t l = 0; l < k; ++l) {
    V row[kN];
    HWY_UNROLL(8) for (int j = 0; j < kN; ++j) {
      row[j] = hn::LoadU(d, b.data + l * b.stride + j * kLanes);
    }
    HWY_UNROLL(8) for (int i = 0; i < kM; ++i) {
      const V value = all(kTransposedA ? a.data[l * a.stride + i] : a.data[i * a.stride + l]);
      HWY_UNROLL(8) for (int j = 0; j < kN; ++j) {
        sum[i][j] = hn::MulAdd(value, row[j], sum[i][j]);
      }
    }
  }
  const bool whole = columns == kN * kLanes;
  const M mask = hn::FirstN(d, static_cast<size_t>(columns - (kN - 1) * kLanes));
  HWY_UNROLL(8) for (int i = 0; i < kM; ++i) {
    HWY_UNROLL(8) for (int j = 0; j < kN; ++j) {
      float* out = c + i * ldc + j * kLanes;
      if (j + 1 < kN || whole) {
        hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, out), sum[i][j]) : sum[i][j], d, out);
      } else {
        const V old = accumulate ? hn::MaskedLoad(mask, d, out) : zero();
        hn::BlendedStore(hn::Add(old, sum[i][j]), mask, d, out);
      }
    }
  }
}

/// All rows of C over one panel, in tiles of nearly equal height.
template <int kN, bool kTransposedA>
void panel_rows(int64_t m, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, int64_t columns,
                bool accumulate) {
  const int64_t tiles = (m + kRows - 1) / kRows;
  const int64_t height = m / tiles;
  const int64_t higher = m % tiles;  // so many tiles have one row more
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t rows = height + (t < higher ? 1 : 0);
    with_constant<kRows>(rows, [&](auto tall) HWY_ATTR {
      tile<decltype(tall)::value, kN, kTransposedA>(k, a, b, c, ldc, columns, accumulate);
    });
    a.data += kTransposedA ? rows : rows * a.stride;
    c += rows * ldc;
  }
}

template <bool kTransposedA>
void panel(int64_t m, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, int64_t columns,
           bool accumulate) {
  with_constant<kVectors>((columns + kLanes - 1) / kLanes, [&](auto vectors) HWY_ATTR {
    panel_rows<decltype(vectors)::value, kTransposedA>(m, k, a, b, c, ldc, columns, accumulate);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
