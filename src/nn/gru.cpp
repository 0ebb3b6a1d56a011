// SPDX-License-Identifier: Apache-2.0
#include "nn/gru.h"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>

#include "kernels/overloads.h"
#include "nn/optional_tensor.h"

namespace truenext::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Sequences longest first: at step t the first active(t) of them still run, so a step is one small
/// matrix product over finished-free rows.
struct Schedule {
  std::vector<int64_t> order;   // sequence numbers, longest first
  std::vector<int64_t> active;  // per step
  const std::vector<int64_t>& offsets;

  explicit Schedule(const std::vector<int64_t>& sequence_offsets) : offsets(sequence_offsets) {
    const auto length = [&](int64_t s) { return offsets[s + 1] - offsets[s]; };
    order.resize(offsets.size() - 1);
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return length(a) > length(b); });
    for (int64_t t = 0; !order.empty() && t < length(order[0]); ++t) {
      int64_t count = 0;
      while (count < static_cast<int64_t>(order.size()) && length(order[count]) > t) ++count;
      active.push_back(count);
    }
  }
  int64_t token(int64_t row, int64_t step) const { return offsets[order[row]] + step; }
};

/// Rows of a [tokens, width] array that belong to one step, gathered and scattered.
template <typename T>
void gather(const Schedule& schedule, int64_t step, const T* from, int64_t width, T* to) {
  for (int64_t r = 0; r < schedule.active[step]; ++r) {
    std::copy_n(from + schedule.token(r, step) * width, width, to + r * width);
  }
}
template <typename T>
void scatter(const Schedule& schedule, int64_t step, const T* from, int64_t width, T* to) {
  for (int64_t r = 0; r < schedule.active[step]; ++r) {
    std::copy_n(from + r * width, width, to + schedule.token(r, step) * width);
  }
}

template <typename T>
void add_bias_rows(const at::Tensor& bias, int64_t rows, int64_t width, T* x) {
  if (!present(bias)) return;
  kernels::add_bias(rows, width, bias.data_ptr<T>(), kernels::Activation::none, x);
}

/// x_gates [tokens, 3H] already hold W_ih x (+ bias). Writes states [tokens, H] and saved
/// [tokens, 4H].
template <typename T>
void recur(const Schedule& schedule, int64_t hidden, const GruWeights& w, const T* x_gates,
           T* states, T* saved) {
  const int64_t rows = static_cast<int64_t>(schedule.order.size());
  std::vector<T> state(static_cast<size_t>(rows * hidden), T(0));
  std::vector<T> x(static_cast<size_t>(rows * 3 * hidden));
  std::vector<T> h(x.size());
  std::vector<T> kept(static_cast<size_t>(rows * 4 * hidden));
  for (int64_t step = 0; step < static_cast<int64_t>(schedule.active.size()); ++step) {
    const int64_t active = schedule.active[step];
    gather(schedule, step, x_gates, 3 * hidden, x.data());
    kernels::gemm_nt(active, 3 * hidden, hidden, state.data(), hidden, w.hidden.data_ptr<T>(),
                     hidden, h.data(), 3 * hidden, false);
    add_bias_rows(w.hidden_bias, active, 3 * hidden, h.data());
    kernels::gru_gates(active, hidden, x.data(), h.data(), state.data(), kept.data());
    scatter(schedule, step, state.data(), hidden, states);
    scatter(schedule, step, kept.data(), 4 * hidden, saved);
  }
}

/// Gradients of both gate inputs at every token, from the gradient of the states; previous_states
/// receives what each step started from.
template <typename T>
void recur_backward(const Schedule& schedule, int64_t hidden, const GruWeights& w, const T* states,
                    const T* saved, const T* states_grad, T* x_gates_grad, T* h_gates_grad,
                    T* previous_states) {
  const int64_t rows = static_cast<int64_t>(schedule.order.size());
  std::vector<T> carry(static_cast<size_t>(rows * hidden), T(0));
  std::vector<T> previous(carry.size());
  std::vector<T> kept(static_cast<size_t>(rows * 4 * hidden));
  std::vector<T> dx(static_cast<size_t>(rows * 3 * hidden));
  std::vector<T> dh(dx.size());
  for (int64_t step = static_cast<int64_t>(schedule.active.size()); step-- > 0;) {
    const int64_t active = schedule.active[step];
    for (int64_t r = 0; r < active; ++r) {
      const int64_t token = schedule.token(r, step);
      for (int64_t c = 0; c < hidden; ++c) carry[r * hidden + c] += states_grad[token * hidden + c];
      if (step > 0) {
        std::copy_n(states + (token - 1) * hidden, hidden, &previous[r * hidden]);
      } else {
        std::fill_n(&previous[r * hidden], hidden, T(0));
      }
    }
    gather(schedule, step, saved, 4 * hidden, kept.data());
    kernels::gru_gates_backward(active, hidden, previous.data(), kept.data(), carry.data(),
                                dx.data(), dh.data());
    kernels::gemm_nn(active, hidden, 3 * hidden, dh.data(), 3 * hidden, w.hidden.data_ptr<T>(),
                     hidden, carry.data(), hidden, true);
    scatter(schedule, step, dx.data(), 3 * hidden, x_gates_grad);
    scatter(schedule, step, dh.data(), 3 * hidden, h_gates_grad);
    scatter(schedule, step, previous.data(), hidden, previous_states);
  }
}

template <typename T>
variable_list run_forward(const Schedule& schedule, const GruWeights& w, const at::Tensor& x) {
  const int64_t hidden = w.hidden.size(1);
  at::Tensor gates = at::empty({x.size(0), 3 * hidden}, x.options());
  kernels::gemm_nt(x.size(0), 3 * hidden, x.size(1), x.data_ptr<T>(), x.size(1),
                   w.input.data_ptr<T>(), x.size(1), gates.data_ptr<T>(), 3 * hidden, false);
  add_bias_rows(w.input_bias, x.size(0), 3 * hidden, gates.data_ptr<T>());
  at::Tensor states = at::empty({x.size(0), hidden}, x.options());
  at::Tensor saved = at::empty({x.size(0), 4 * hidden}, x.options());
  recur<T>(schedule, hidden, w, gates.data_ptr<T>(), states.data_ptr<T>(), saved.data_ptr<T>());
  return {states, saved};
}

template <typename T>
variable_list run_backward(const Schedule& schedule, const GruWeights& w, const at::Tensor& x,
                           const at::Tensor& states, const at::Tensor& saved,
                           const at::Tensor& grad) {
  const int64_t hidden = w.hidden.size(1);
  const int64_t tokens = x.size(0), in = x.size(1), wide = 3 * hidden;
  at::Tensor dx_gates = at::empty({tokens, wide}, x.options());
  at::Tensor dh_gates = at::empty({tokens, wide}, x.options());
  at::Tensor previous = at::empty({tokens, hidden}, x.options());
  recur_backward<T>(schedule, hidden, w, states.data_ptr<T>(), saved.data_ptr<T>(),
                    grad.data_ptr<T>(), dx_gates.data_ptr<T>(), dh_gates.data_ptr<T>(),
                    previous.data_ptr<T>());
  at::Tensor dx = at::empty_like(x);
  at::Tensor d_input = at::empty_like(w.input);
  at::Tensor d_hidden = at::empty_like(w.hidden);
  kernels::gemm_nn(tokens, in, wide, dx_gates.data_ptr<T>(), wide, w.input.data_ptr<T>(), in,
                   dx.data_ptr<T>(), in, false);
  kernels::gemm_tn(wide, in, tokens, dx_gates.data_ptr<T>(), wide, x.data_ptr<T>(), in,
                   d_input.data_ptr<T>(), in, false);
  kernels::gemm_tn(wide, hidden, tokens, dh_gates.data_ptr<T>(), wide, previous.data_ptr<T>(),
                   hidden, d_hidden.data_ptr<T>(), hidden, false);
  const at::Tensor d_input_bias = present(w.input_bias) ? dx_gates.sum(0) : at::Tensor();
  const at::Tensor d_hidden_bias = present(w.hidden_bias) ? dh_gates.sum(0) : at::Tensor();
  return {dx, d_input, d_hidden, d_input_bias, d_hidden_bias};
}

struct GruNode : torch::autograd::Function<GruNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& input,
                            const at::Tensor& hidden, const at::Tensor& input_bias,
                            const at::Tensor& hidden_bias, Forward* pass) {
    const Schedule schedule(pass->tile().sequences.offsets);
    const GruWeights w{input, hidden, input_bias, hidden_bias};
    const variable_list out = x.scalar_type() == at::kDouble ? run_forward<double>(schedule, w, x)
                                                             : run_forward<float>(schedule, w, x);
    ctx->save_for_backward({x, input, hidden, input_bias, hidden_bias, out[0], out[1]});
    ctx->saved_data["pass"] = reinterpret_cast<int64_t>(pass);  // outlives the backward pass
    return out[0];
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list s = ctx->get_saved_variables();
    const auto* pass = reinterpret_cast<Forward*>(ctx->saved_data["pass"].toInt());
    const Schedule schedule(pass->tile().sequences.offsets);
    const GruWeights w{s[1], s[2], s[3], s[4]};
    const at::Tensor grad = grads[0].contiguous();
    variable_list result = grad.scalar_type() == at::kDouble
                               ? run_backward<double>(schedule, w, s[0], s[5], s[6], grad)
                               : run_backward<float>(schedule, w, s[0], s[5], s[6], grad);
    result.emplace_back();  // no gradient for the pass
    return result;
  }
};

}  // namespace

at::Tensor jagged_gru(Forward& forward, const GruWeights& weights, const at::Tensor& x) {
  return GruNode::apply(x.contiguous(), weights.input, weights.hidden,
                        or_empty(weights.input_bias, x), or_empty(weights.hidden_bias, x),
                        &forward);
}

}  // namespace truenext::nn
