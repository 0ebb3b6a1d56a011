// SPDX-License-Identifier: Apache-2.0
// Gates of a GRU step, forward and backward; elementwise, bound by the two exponentials and the
// tanh.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gru.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

void gru_gates(int64_t rows, int64_t hidden, const float* x_gates, const float* h_gates,
               float* state, float* saved) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* x = x_gates + row * 3 * hidden;
    const float* h = h_gates + row * 3 * hidden;
    float* values = state + row * hidden;
    float* out = saved ? saved + row * 4 * hidden : nullptr;
    for_each(hidden, [&](int64_t c, auto part) HWY_ATTR {
      const V r = sigmoid_of(hn::Add(part.load(x + c), part.load(h + c)));
      const V z = sigmoid_of(hn::Add(part.load(x + hidden + c), part.load(h + hidden + c)));
      const V h_n = part.load(h + 2 * hidden + c);
      const V n = tanh_of(hn::MulAdd(r, h_n, part.load(x + 2 * hidden + c)));
      if (out) {
        part.store(r, out + c);
        part.store(z, out + hidden + c);
        part.store(n, out + 2 * hidden + c);
        part.store(h_n, out + 3 * hidden + c);
      }
      const V old = part.load(values + c);
      part.store(hn::MulAdd(z, hn::Sub(old, n), n), values + c);
    });
  }
}

void gru_gates_backward(int64_t rows, int64_t hidden, const float* previous_state,
                        const float* saved, float* state_grad, float* x_gates_grad,
                        float* h_gates_grad) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* previous = previous_state + row * hidden;
    const float* gates = saved + row * 4 * hidden;
    float* grad = state_grad + row * hidden;
    float* x_grad = x_gates_grad + row * 3 * hidden;
    float* h_grad = h_gates_grad + row * 3 * hidden;
    for_each(hidden, [&](int64_t c, auto part) HWY_ATTR {
      const V one = all(1.0f);
      const V r = part.load(gates + c);
      const V z = part.load(gates + hidden + c);
      const V n = part.load(gates + 2 * hidden + c);
      const V h_n = part.load(gates + 3 * hidden + c);
      const V g = part.load(grad + c);
      const V open = hn::Sub(one, z);
      const V n_in = hn::Mul(hn::Mul(g, open), hn::NegMulAdd(n, n, one));
      const V z_in = hn::Mul(hn::Mul(g, hn::Sub(part.load(previous + c), n)), hn::Mul(z, open));
      const V r_in = hn::Mul(hn::Mul(n_in, h_n), hn::Mul(r, hn::Sub(one, r)));
      part.store(r_in, x_grad + c);
      part.store(r_in, h_grad + c);
      part.store(z_in, x_grad + hidden + c);
      part.store(z_in, h_grad + hidden + c);
      part.store(n_in, x_grad + 2 * hidden + c);
      part.store(hn::Mul(n_in, r), h_grad + 2 * hidden + c);
      part.store(hn::Mul(g, z), grad + c);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(gru_gates);
HWY_EXPORT(gru_gates_backward);

void gru_gates(int64_t rows, int64_t hidden, const float* x_gates, const float* h_gates,
               float* state, float* saved) {
  HWY_DYNAMIC_DISPATCH(gru_gates)(rows, hidden, x_gates, h_gates, state, saved);
}

void gru_gates_backward(int64_t rows, int64_t hidden, const float* previous_state,
                        const float* saved, float* state_grad, float* x_gates_grad,
                        float* h_gates_grad) {
  HWY_DYNAMIC_DISPATCH(gru_gates_backward)
  (rows, hidden, previous_state, saved, state_grad, x_gates_grad, h_gates_grad);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
