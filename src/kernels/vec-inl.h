// SPDX-License-Identifier: Apache-2.0
// Vectors of floats for the kernels: loops with exact tails, sums, exp, tanh, erf. Included once
// per instruction set (the guard toggles), never from a public header.
#if defined(TRUENEXT_KERNELS_VEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TRUENEXT_KERNELS_VEC_INL_H_
#undef TRUENEXT_KERNELS_VEC_INL_H_
#else
#define TRUENEXT_KERNELS_VEC_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;
constexpr int64_t kLanes = HWY_LANES(float);

HWY_INLINE V all(float value) {
  return hn::Set(D(), value);
}
HWY_INLINE V zero() {
  return hn::Zero(D());
}

/// How the body of a loop touches memory: a whole vector, or the last n < kLanes elements of a row.
/// `rest` replaces the missing lanes by a value that does not matter to the result.
struct Whole {
  HWY_INLINE V load(const float* p) const { return hn::LoadU(D(), p); }
  HWY_INLINE void store(V v, float* p) const { hn::StoreU(v, D(), p); }
  HWY_INLINE V rest(V v, V) const { return v; }
};
struct Part {
  M mask;
  HWY_INLINE V load(const float* p) const { return hn::MaskedLoad(mask, D(), p); }
  HWY_INLINE void store(V v, float* p) const { hn::BlendedStore(v, mask, D(), p); }
  HWY_INLINE V rest(V v, V other) const { return hn::IfThenElse(mask, v, other); }
};

/// body(i, Whole or Part) for i in steps of kLanes. Element i is always computed by the same lane
/// and the same instructions, so rows do not depend on their neighbours.
template <class Body>
HWY_INLINE void for_each(int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, Whole{});
  if (i < n) body(i, Part{hn::FirstN(D(), static_cast<size_t>(n - i))});
}

HWY_INLINE float sum_of(V v) {
  return hn::GetLane(hn::SumOfLanes(D(), v));
}
HWY_INLINE float max_of(V v) {
  return hn::GetLane(hn::MaxOfLanes(D(), v));
}

/// exp(x): x = n ln 2 + r, |r| <= ln 2 / 2, exp(r) by a polynomial fitted to 7e-9 relative. Below
/// -87.33 zero, above 88.72 infinity, not-a-number stays so. Largest error seen 1.3e-7 relative.
HWY_INLINE V exp_of(V x) {
  const D d;
  const hn::RebindToSigned<D> di;
  // Not Min, which loses not-a-number on some targets. No lower limit: see the last line.
  const V clamped = hn::IfThenElse(hn::Gt(x, all(89.0f)), all(89.0f), x);
  const V n = hn::Round(hn::Mul(clamped, all(1.44269504f)));
  V r = hn::NegMulAdd(n, all(0.693145751953125f), clamped);
  r = hn::NegMulAdd(n, all(1.42860682e-6f), r);
  V p = hn::MulAdd(all(1.394112125e-3f), r, all(8.363179810e-3f));
  p = hn::MulAdd(p, r, all(4.166637516e-2f));
  p = hn::MulAdd(p, r, all(1.666657698e-1f));
  p = hn::MulAdd(p, r, all(5.000000027e-1f));
  p = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, all(1.0f)));
  // 2^n in two factors: n = 128 has no single one.
  const auto whole = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(whole);
  const auto bias = hn::Set(di, 127);
  const V low = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V high = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(whole, half), bias)));
  const V y = hn::Mul(hn::Mul(p, low), high);
  return hn::IfThenZeroElse(hn::Lt(x, all(-87.33f)), y);
}

HWY_INLINE V sigmoid_of(V x) {
  return hn::Div(all(1.0f), hn::Add(all(1.0f), exp_of(hn::Neg(x))));
}

/// tanh(x): an odd polynomial below 0.625 (fitted to 2e-8), 1 - 2 / (exp(2|x|) + 1) above.
HWY_INLINE V tanh_of(V x) {
  const V size = hn::Abs(x);
  const V z = hn::Mul(x, x);
  V p = hn::MulAdd(all(-6.113192567e-3f), z, all(2.101008228e-2f));
  p = hn::MulAdd(p, z, all(-5.385406999e-2f));
  p = hn::MulAdd(p, z, all(1.333279455e-1f));
  p = hn::MulAdd(p, z, all(-3.333332925e-1f));
  const V small = hn::MulAdd(hn::Mul(p, z), x, x);
  const V e = exp_of(hn::Add(size, size));
  const V large = hn::Sub(all(1.0f), hn::Div(all(2.0f), hn::Add(e, all(1.0f))));
  return hn::IfThenElse(hn::Lt(size, all(0.625f)), small, hn::CopySign(large, x));
}

/// erf(x): an odd polynomial up to 1 (fitted to 1.2e-9), 1 - exp(-q(|x|)) up to 4 with q fitted to
/// 2e-11 absolute in erf, then 1.
HWY_INLINE V erf_of(V x) {
  const V size = hn::IfThenElse(hn::Gt(hn::Abs(x), all(4.0f)), all(4.0f), hn::Abs(x));
  const V z = hn::Mul(size, size);
  V p = hn::MulAdd(all(7.889122878e-5f), z, all(-8.020842280e-4f));
  p = hn::MulAdd(p, z, all(5.189535451e-3f));
  p = hn::MulAdd(p, z, all(-2.685444465e-2f));
  p = hn::MulAdd(p, z, all(1.128360018e-1f));
  p = hn::MulAdd(p, z, all(-3.761262714e-1f));
  p = hn::MulAdd(p, z, all(1.128379166f));
  const V small = hn::Mul(p, x);
  V q = hn::MulAdd(all(2.168676430e-5f), size, all(-4.413353139e-4f));
  q = hn::MulAdd(q, size, all(4.204556330e-3f));
  q = hn::MulAdd(q, size, all(-2.520824099e-2f));
  q = hn::MulAdd(q, size, all(1.084185510e-1f));
  q = hn::MulAdd(q, size, all(6.332199190e-1f));
  q = hn::MulAdd(q, size, all(1.129578410f));
  q = hn::MulAdd(q, size, all(-1.880370827e-4f));
  const V large = hn::CopySign(hn::Sub(all(1.0f), exp_of(hn::Neg(q))), x);
  return hn::IfThenElse(hn::Lt(size, all(1.0f)), small, large);
}

/// call(std::integral_constant<int, n>) for 1 <= n <= kMost: a number that counts registers.
template <int kMost, class Call>
HWY_INLINE void with_constant(int64_t n, const Call& call) {
  if constexpr (kMost > 1) {
    if (n < kMost) return with_constant<kMost - 1>(n, call);
  }
  call(std::integral_constant<int, kMost>());
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#endif  // the toggled guard
