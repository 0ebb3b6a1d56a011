// SPDX-License-Identifier: Apache-2.0
// Ranks and softmax pieces over one row of scores.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ranking.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <array>
#include <cmath>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

Counts count_above(int64_t n, const float* scores, float value) {
  const D d;
  const V limit = all(value);
  Counts counts;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const V x = hn::LoadU(d, scores + i);
    counts.greater += static_cast<int64_t>(hn::CountTrue(d, hn::Gt(x, limit)));
    counts.equal += static_cast<int64_t>(hn::CountTrue(d, hn::Eq(x, limit)));
  }
  for (; i < n; ++i) {
    counts.greater += scores[i] > value;
    counts.equal += scores[i] == value;
  }
  return counts;
}

uint64_t mask_above(int64_t n, const float* scores, float value) {
  const D d;
  const V limit = all(value);
  uint64_t mask = 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const auto greater = hn::Gt(hn::LoadU(d, scores + i), limit);
    std::array<uint8_t, 8> bits{};  // what StoreMaskBits may write
    hn::StoreMaskBits(d, greater, bits.data());
    static_assert(kLanes <= 16);
    mask |= static_cast<uint64_t>(bits[0] | bits[1] << 8) << i;
  }
  for (; i < n; ++i) mask |= static_cast<uint64_t>(scores[i] > value) << i;
  return mask;
}

float log_sum_exp(int64_t n, const float* x) {
  const V lowest = all(-std::numeric_limits<float>::infinity());
  V top = lowest;
  for_each(n, [&](int64_t i, auto part)
                  HWY_ATTR { top = hn::Max(top, part.rest(part.load(x + i), lowest)); });
  const float shift = max_of(top);
  // Exact where the sum below would be infinity - infinity.
  if (std::isinf(shift)) return shift;
  V sum = zero();
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    sum = hn::Add(sum, part.rest(exp_of(hn::Sub(part.load(x + i), all(shift))), zero()));
  });
  return shift + std::log(sum_of(sum));
}

void exp_shifted(int64_t n, float shift, float* x) {
  for_each(n, [&](int64_t i, auto part)
                  HWY_ATTR { part.store(exp_of(hn::Sub(part.load(x + i), all(shift))), x + i); });
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(count_above);
HWY_EXPORT(mask_above);
HWY_EXPORT(log_sum_exp);
HWY_EXPORT(exp_shifted);

Counts count_above(int64_t n, const float* scores, float value) {
  return HWY_DYNAMIC_DISPATCH(count_above)(n, scores, value);
}

uint64_t mask_above(int64_t n, const float* scores, float value) {
  return HWY_DYNAMIC_DISPATCH(mask_above)(n, scores, value);
}

float log_sum_exp(int64_t n, const float* x) {
  return HWY_DYNAMIC_DISPATCH(log_sum_exp)(n, x);
}

void exp_shifted(int64_t n, float shift, float* x) {
  HWY_DYNAMIC_DISPATCH(exp_shifted)(n, shift, x);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
