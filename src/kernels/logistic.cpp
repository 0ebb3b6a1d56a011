// SPDX-License-Identifier: Apache-2.0
#include "kernels/logistic.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/logistic.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After highway.h: the maths follows the target being compiled.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lanes are summed in float over short runs and then in double, so that long rows lose nothing.
constexpr int64_t kRun = 512;

template <class D, class V>
double lane_sum(D d, V v) {
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(v, d, lanes);
  double sum = 0;
  for (size_t i = 0; i < hn::Lanes(d); ++i) sum += lanes[i];
  return sum;
}

template <class D, class V>
V softplus_and_sigmoid(D d, V x, V* sigmoid) {
  const V one = hn::Set(d, 1.0f);
  const V e = hn::Exp(d, hn::Neg(hn::Abs(x)));
  const V inverse = hn::Div(one, hn::Add(one, e));
  *sigmoid = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(e, inverse), inverse);
  return hn::Add(hn::Max(x, hn::Zero(d)), hn::Log1p(d, e));
}

double SoftplusSum(int64_t n, float* HWY_RESTRICT x) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  double total = 0;
  int64_t i = 0;
  while (i + lanes <= n) {
    auto sum = hn::Zero(d);
    const int64_t end = i + kRun < n ? i + kRun : n;
    for (; i + lanes <= end; i += lanes) {
      auto sigmoid = hn::Zero(d);
      sum = hn::Add(sum, softplus_and_sigmoid(d, hn::LoadU(d, x + i), &sigmoid));
      hn::StoreU(sigmoid, d, x + i);
    }
    total += lane_sum(d, sum);
  }
  if (i < n) {
    HWY_ALIGN float tail[hn::MaxLanes(d)] = {};
    for (int64_t j = i; j < n; ++j) tail[j - i] = x[j];
    auto sigmoid = hn::Zero(d);
    const auto value = softplus_and_sigmoid(d, hn::Load(d, tail), &sigmoid);
    HWY_ALIGN float values[hn::MaxLanes(d)];
    hn::Store(value, d, values);
    hn::Store(sigmoid, d, tail);
    for (int64_t j = i; j < n; ++j) {
      total += values[j - i];
      x[j] = tail[j - i];
    }
  }
  return total;
}

double ExpSum(int64_t n, float shift, float* HWY_RESTRICT x) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto minus = hn::Set(d, shift);
  double total = 0;
  int64_t i = 0;
  while (i + lanes <= n) {
    auto sum = hn::Zero(d);
    const int64_t end = i + kRun < n ? i + kRun : n;
    for (; i + lanes <= end; i += lanes) {
      const auto e = hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), minus));
      sum = hn::Add(sum, e);
      hn::StoreU(e, d, x + i);
    }
    total += lane_sum(d, sum);
  }
  if (i < n) {
    HWY_ALIGN float tail[hn::MaxLanes(d)] = {};
    for (int64_t j = i; j < n; ++j) tail[j - i] = x[j];
    const auto e = hn::Exp(d, hn::Sub(hn::Load(d, tail), minus));
    hn::Store(e, d, tail);
    for (int64_t j = i; j < n; ++j) {
      total += tail[j - i];
      x[j] = tail[j - i];
    }
  }
  return total;
}

float Maximum(int64_t n, const float* HWY_RESTRICT x) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  float best = x[0];
  int64_t i = 0;
  if (n >= lanes) {
    auto top = hn::LoadU(d, x);
    for (i = lanes; i + lanes <= n; i += lanes) top = hn::Max(top, hn::LoadU(d, x + i));
    best = hn::GetLane(hn::MaxOfLanes(d, top));
  }
  for (; i < n; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {
HWY_EXPORT(SoftplusSum);
HWY_EXPORT(ExpSum);
HWY_EXPORT(Maximum);

double softplus_sum(int64_t n, float* x) {
  return HWY_DYNAMIC_DISPATCH(SoftplusSum)(n, x);
}
double exp_sum(int64_t n, float shift, float* x) {
  return HWY_DYNAMIC_DISPATCH(ExpSum)(n, shift, x);
}
float maximum(int64_t n, const float* x) {
  return HWY_DYNAMIC_DISPATCH(Maximum)(n, x);
}

}  // namespace truenext::kernels
#endif
