// SPDX-License-Identifier: Apache-2.0
#include "kernels/pairwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pairwise.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <hwy/contrib/math/math-inl.h>

#include <algorithm>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

// Lanes are summed in float over short runs and then in double, so that long rows lose nothing.
constexpr int64_t kRun = 512;

/// s(x), s(-x) and e^-|x|, of which ln(1 + e^x) is made.
struct Logistic {
  V up, down, e;

  HWY_INLINE explicit Logistic(V x) {
    e = exp_of(hn::Neg(hn::Abs(x)));
    const V large = hn::Div(all(1.0f), hn::Add(all(1.0f), e));
    const V small = hn::Mul(e, large);
    const M negative = hn::Lt(x, zero());
    up = hn::IfThenElse(negative, small, large);
    down = hn::IfThenElse(negative, large, small);
  }
};

/// body(i, part, value, slope) adds to two vectors; their sums over all of 0..n-1.
template <class Body>
HWY_INLINE PairSums sum_runs(int64_t n, const Body& body) {
  PairSums sums;
  for (int64_t first = 0; first < n; first += kRun) {
    V value = zero(), slope = zero();
    for_each(std::min(kRun, n - first),
             [&](int64_t i, auto part) HWY_ATTR { body(first + i, part, value, slope); });
    sums.value += static_cast<double>(sum_of(value));
    sums.slope += static_cast<double>(sum_of(slope));
  }
  return sums;
}

PairSums pair_softplus(int64_t n, float positive, float weight, const float* x, float* grad) {
  return sum_runs(n, [=](int64_t i, auto part, V& value, V& slope) HWY_ATTR {
    const V d = hn::Sub(part.load(x + i), all(positive));
    const Logistic pair(d);
    const V softplus = hn::Add(hn::Max(d, zero()), hn::Log1p(D(), pair.e));
    value = hn::Add(value, part.rest(softplus, zero()));
    slope = hn::Add(slope, part.rest(pair.up, zero()));
    part.store(hn::MulAdd(all(weight), pair.up, part.load(grad + i)), grad + i);
  });
}

PairSums pair_exponentials(int64_t n, float positive, float shift, const float* x, float* out) {
  return sum_runs(n, [=](int64_t i, auto part, V& value, V& slope) HWY_ATTR {
    const V score = part.load(x + i);
    const Logistic pair(hn::Sub(score, all(positive)));
    // e^x s(positive - x) = e^min(x, positive) s(|x - positive|): nothing overflows.
    const V smaller = hn::Min(score, all(positive));
    const V e = hn::Mul(exp_of(hn::Sub(smaller, all(shift))), hn::Max(pair.up, pair.down));
    value = hn::Add(value, part.rest(e, zero()));
    slope = hn::Add(slope, part.rest(hn::Mul(e, pair.up), zero()));
    part.store(hn::Mul(e, pair.down), out + i);
  });
}

PairSums pair_sigmoid(int64_t n, float positive, float weight, const float* x, const float* share,
                      float* value_out, float* slope_out) {
  return sum_runs(n, [=](int64_t i, auto part, V& value, V& slope) HWY_ATTR {
    const Logistic pair(hn::Sub(part.load(x + i), all(positive)));
    const V derivative = hn::Mul(pair.up, pair.down);
    const V part_share = part.load(share + i);  // missing lanes load zero
    value = hn::MulAdd(part_share, pair.up, value);
    slope = hn::MulAdd(part_share, derivative, slope);
    part.store(hn::MulAdd(all(weight), pair.up, part.load(value_out + i)), value_out + i);
    part.store(hn::MulAdd(all(weight), derivative, part.load(slope_out + i)), slope_out + i);
  });
}

double square_sigmoid(int64_t n, float weight, const float* x, const float* share, float* value_out,
                      float* slope_out) {
  const PairSums sums = sum_runs(n, [=](int64_t i, auto part, V& value, V&) HWY_ATTR {
    const V score = part.load(x + i);
    const Logistic square(hn::Mul(score, score));
    value = hn::MulAdd(part.load(share + i), square.up, value);
    part.store(hn::MulAdd(all(weight), square.up, part.load(value_out + i)), value_out + i);
    const V derivative = hn::Mul(hn::Mul(square.up, square.down), hn::Add(score, score));
    part.store(hn::MulAdd(all(weight), derivative, part.load(slope_out + i)), slope_out + i);
  });
  return sums.value;
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {
HWY_EXPORT(pair_softplus);
HWY_EXPORT(pair_exponentials);
HWY_EXPORT(pair_sigmoid);
HWY_EXPORT(square_sigmoid);

PairSums pair_softplus(int64_t n, float positive, float weight, const float* x, float* grad) {
  return HWY_DYNAMIC_DISPATCH(pair_softplus)(n, positive, weight, x, grad);
}
PairSums pair_exponentials(int64_t n, float positive, float shift, const float* x, float* out) {
  return HWY_DYNAMIC_DISPATCH(pair_exponentials)(n, positive, shift, x, out);
}
PairSums pair_sigmoid(int64_t n, float positive, float weight, const float* x, const float* share,
                      float* value, float* slope) {
  return HWY_DYNAMIC_DISPATCH(pair_sigmoid)(n, positive, weight, x, share, value, slope);
}
double square_sigmoid(int64_t n, float weight, const float* x, const float* share, float* value,
                      float* slope) {
  return HWY_DYNAMIC_DISPATCH(square_sigmoid)(n, weight, x, share, value, slope);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
