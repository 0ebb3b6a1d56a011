// SPDX-License-Identifier: Apache-2.0
// One row of weights in the backward pass of attention. Included once per instruction set.
#if defined(TRUENEXT_KERNELS_ATTENTION_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TRUENEXT_KERNELS_ATTENTION_BACKWARD_INL_H_
#undef TRUENEXT_KERNELS_ATTENTION_BACKWARD_INL_H_
#else
#define TRUENEXT_KERNELS_ATTENTION_BACKWARD_INL_H_
#endif

#include "kernels/attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

/// No dropout.
struct NoFactors {
  HWY_INLINE V load(int64_t) const { return all(1.0f); }
  float padding() const { return 1.0f; }
};

/// One row: gradient of the weights after dropout in, gradient of the raw scores out; `dropped`
/// receives the weights after dropout.
template <class Factors>
HWY_INLINE void softmax_backward_row(const AttentionBlock& block, int64_t seen, float scale,
                                     const Factors& factors, const float* weights, float* dropped,
                                     float* grad) {
  V sum = zero();
  for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
    const V factor = factors.load(j);
    const V weight = part.load(weights + j);
    const V g = hn::Mul(part.load(grad + j), factor);
    sum = hn::MulAdd(g, weight, sum);  // the weight is zero beyond the row
    part.store(g, grad + j);
    part.store(hn::Mul(weight, factor), dropped + j);
  });
  float mean = sum_of(sum);
  if (block.padding > 0) {
    const float weight = weights[block.keys];
    grad[block.keys] *= factors.padding();
    mean += grad[block.keys] * weight;
    dropped[block.keys] = weight * factors.padding();
    grad[block.keys] = weight * (grad[block.keys] - mean) * scale;
  }
  for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
    const V weight = hn::Mul(part.load(weights + j), all(scale));
    part.store(hn::Mul(weight, hn::Sub(part.load(grad + j), all(mean))), grad + j);
  });
  for_each(block.keys - seen, [&](int64_t j, auto part) HWY_ATTR {
    part.store(zero(), grad + seen + j);
    part.store(zero(), dropped + seen + j);
  });
}

/// The same for weights silu(s) * scale of scores s; the gradient is that of s.
template <class Factors>
HWY_INLINE void silu_backward_row(const AttentionBlock& block, int64_t seen, float scale,
                                  const Factors& factors, const float* scores, float* dropped,
                                  float* grad) {
  const V one = all(1.0f);
  for_each(seen, [&](int64_t j, auto part) HWY_ATTR {
    const V s = part.load(scores + j);
    const V sigmoid = sigmoid_of(s);
    const V outer = hn::Mul(factors.load(j), hn::Mul(sigmoid, all(scale)));
    const V slope = hn::MulAdd(s, hn::Sub(one, sigmoid), one);
    part.store(hn::Mul(outer, s), dropped + j);
    part.store(hn::Mul(part.load(grad + j), hn::Mul(outer, slope)), grad + j);
  });
  for_each(block.keys - seen, [&](int64_t j, auto part) HWY_ATTR {
    part.store(zero(), grad + seen + j);
    part.store(zero(), dropped + seen + j);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
