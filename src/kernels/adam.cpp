// SPDX-License-Identifier: Apache-2.0
// Adam in one pass: 28 bytes of traffic per parameter, nothing is read twice.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adam.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <cmath>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace upnext::kernels {
namespace HWY_NAMESPACE {

void adam(int64_t n, const AdamStep& step, const float* grad, float* parameter, float* moment1,
          float* moment2) {
  // Scalars are rounded once, from double, as PyTorch does.
  const V keep1 = all(static_cast<float>(step.beta1));
  const V take1 = all(static_cast<float>(1 - step.beta1));
  const V keep2 = all(static_cast<float>(step.beta2));
  const V take2 = all(static_cast<float>(1 - step.beta2));
  const V root = all(static_cast<float>(std::sqrt(step.correction2)));
  const V epsilon = all(static_cast<float>(step.epsilon));
  const V size = all(static_cast<float>(-step.learning_rate / step.correction1));
  const V l2 = all(static_cast<float>(step.l2));
  const V shrink = all(static_cast<float>(1 - step.decay));
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    const V p = part.load(parameter + i);
    const V g = hn::MulAdd(l2, p, part.load(grad + i));
    const V m = hn::MulAdd(keep1, part.load(moment1 + i), hn::Mul(take1, g));
    const V v = hn::MulAdd(keep2, part.load(moment2 + i), hn::Mul(hn::Mul(take2, g), g));
    part.store(m, moment1 + i);
    part.store(v, moment2 + i);
    const V denominator = part.rest(hn::Add(hn::Div(hn::Sqrt(v), root), epsilon), all(1.0f));
    part.store(hn::MulAdd(size, hn::Div(m, denominator), hn::Mul(p, shrink)), parameter + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace upnext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace upnext::kernels {

HWY_EXPORT(adam);

void adam(int64_t n, const AdamStep& step, const float* grad, float* parameter, float* moment1,
          float* moment2) {
  HWY_DYNAMIC_DISPATCH(adam)(n, step, grad, parameter, moment1, moment2);
}

}  // namespace upnext::kernels
#endif  // HWY_ONCE
