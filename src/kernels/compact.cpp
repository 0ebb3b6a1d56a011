// SPDX-License-Identifier: Apache-2.0
// Upper bounds of inner products from a table of 8-bit numbers. Pairs of columns are widened to 16
// bits and multiplied into 32-bit sums, one lane per row.
//
// Milliseconds for 1,000,000 rows of 64 on one Zen 5 core, AVX-512; reading them alone takes 1.9:
//   row after row, sums across vectors                                     4.1
//   16 rows side by side, widened to float, float query                    3.4
//   pairs of columns of 16 rows side by side, query of 16 bits             3.0
//   the same, prefetched 4 KB ahead                                        2.1   chosen
#include "kernels/compact.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/compact.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <hwy/cache_control.h>

#include <cstring>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace {

// Bytes between what is read and what is fetched; the processor's own prefetching stops at pages.
[[maybe_unused]] constexpr int64_t kAhead = 4096;

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE void group_ceilings(const CompactRows& rows, const CompactQuery& query, float* to) {
  int32_t sums[kCompactGroup] = {};
  for (int64_t p = 0; p < rows.pairs; ++p) {
    const int8_t* values = rows.values + p * 2 * kCompactGroup;
    for (int64_t r = 0; r < kCompactGroup; ++r) {
      sums[r] += values[2 * r] * query.values[2 * p] + values[2 * r + 1] * query.values[2 * p + 1];
    }
  }
  for (int64_t r = 0; r < kCompactGroup; ++r) {
    to[r] =
        static_cast<float>(sums[r]) * rows.scales[r] * query.scale + rows.slacks[r] * query.length;
  }
}

#else

HWY_INLINE void group_ceilings(const CompactRows& rows, const CompactQuery& query, float* to) {
  constexpr int kParts = kCompactGroup / kLanes;
  const D d;
  const hn::RebindToSigned<D> di;
  const hn::Repartition<int16_t, D> dw;
  const hn::Rebind<int8_t, decltype(dw)> db;
  using Sum = hn::Vec<decltype(di)>;
  Sum sum[kParts], other[kParts];
  HWY_UNROLL(2) for (int i = 0; i < kParts; ++i) sum[i] = other[i] = hn::Zero(di);
  for (int64_t p = 0; p < rows.pairs; ++p) {
    if (p % 2 == 0) hwy::Prefetch(rows.values + p * 2 * kCompactGroup + kAhead);  // a line
    int32_t pair;
    std::memcpy(&pair, query.values + 2 * p, sizeof pair);
    const auto factor = hn::BitCast(dw, hn::Set(di, pair));
    HWY_UNROLL(2) for (int i = 0; i < kParts; ++i) {
      const int8_t* values = rows.values + (p * kCompactGroup + i * kLanes) * 2;
      const auto wide = hn::PromoteTo(dw, hn::LoadU(db, values));
      sum[i] = hn::ReorderWidenMulAccumulate(di, wide, factor, sum[i], other[i]);
    }
  }
  HWY_UNROLL(2) for (int i = 0; i < kParts; ++i) {
    const V product = hn::ConvertTo(d, hn::RearrangeToOddPlusEven(sum[i], other[i]));
    const V slack = hn::Mul(hn::LoadU(d, rows.slacks + i * kLanes), all(query.length));
    // Not product * (scale * scale), which underflows earlier.
    const V scaled = hn::Mul(product, hn::LoadU(d, rows.scales + i * kLanes));
    hn::StoreU(hn::MulAdd(scaled, all(query.scale), slack), d, to + i * kLanes);
  }
}

#endif

}  // namespace

void score_ceilings(int64_t groups, const CompactRows& rows, const CompactQuery& query,
                    float* ceilings) {
  for (int64_t group = 0; group < groups; ++group) {
    group_ceilings(rows.from_group(group), query, ceilings + group * kCompactGroup);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(score_ceilings);

void score_ceilings(int64_t groups, const CompactRows& rows, const CompactQuery& query,
                    float* ceilings) {
  HWY_DYNAMIC_DISPATCH(score_ceilings)(groups, rows, query, ceilings);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
