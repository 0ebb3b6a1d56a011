// SPDX-License-Identifier: Apache-2.0
// GRU layers of TilePass. Sequences run in step, longest first, so that those still active at a
// step are the first rows of every matrix: a step is one small product without padding.
#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>

#include "net/tape-inl.h"

namespace truenext::net {
namespace {

struct Schedule {
  Offsets offsets;
  std::vector<int64_t> order;   ///< sequence numbers, longest first
  std::vector<int64_t> active;  ///< sequences that run, by step

  explicit Schedule(std::span<const int64_t> bounds) : offsets(bounds.begin(), bounds.end()) {
    order.resize(offsets.size() - 1);
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return length(a) > length(b); });
    int64_t running = rows();
    for (int64_t t = 0;; ++t) {
      while (running > 0 && length(order[running - 1]) <= t) --running;
      if (running == 0) break;
      active.push_back(running);
    }
  }
  int64_t length(int64_t sequence) const { return offsets[sequence + 1] - offsets[sequence]; }
  int64_t rows() const { return static_cast<int64_t>(order.size()); }
  int64_t steps() const { return static_cast<int64_t>(active.size()); }
  int64_t token(int64_t row, int64_t step) const { return offsets[order[row]] + step; }

  /// Rows of [tokens, width] that belong to a step, and back.
  template <typename T>
  void gather(int64_t step, const T* from, int64_t width, T* to) const {
    for (int64_t r = 0; r < active[step]; ++r) {
      std::copy_n(from + token(r, step) * width, width, to + r * width);
    }
  }
  template <typename T>
  void scatter(int64_t step, const T* from, int64_t width, T* to) const {
    for (int64_t r = 0; r < active[step]; ++r) {
      std::copy_n(from + r * width, width, to + token(r, step) * width);
    }
  }
};

template <typename T>
struct GruWeights {
  WeightView<T> input, hidden, input_bias, hidden_bias;
  int64_t width() const { return hidden.columns; }
};

template <typename T>
void add_bias(const WeightView<T>& bias, int64_t rows, T* x) {
  if (bias.data == nullptr) return;
  kernels::add_bias(rows, bias.columns, bias.data, kernels::Activation::none, x);
}

/// One layer over one list of sequences.
template <typename T>
class GruPass {
 public:
  GruPass(const GruWeights<T>& weights, std::span<const int64_t> offsets, Arena& arena)
      : w_(weights), plan_(offsets), arena_(arena) {}

  /// Of what forward() keeps for backward(): [tokens, 4 H].
  void keep(int64_t tokens) { saved_ = arena_.take<T>(tokens * 4 * w_.width()); }

  /// x [tokens, in], start [sequences, H] or null -> states [tokens, H].
  void forward(int64_t tokens, const T* x, const T* start, T* states);
  /// Writes x_grad [tokens, in] and, where it is not null, start_grad [sequences, H].
  void backward(int64_t tokens, const T* x, const T* start, const T* states, const T* states_grad,
                T* x_grad, T* start_grad);

 private:
  /// Inputs of the gates: of all tokens at once where they are kept, else step by step.
  T* all_gates(int64_t tokens, const T* x);
  void gates_of_step(int64_t step, const T* x, T* rows, T* gates) const;
  void previous_states(int64_t step, const T* start, const T* states, T* to) const;

  GruWeights<T> w_;
  Schedule plan_;
  Arena& arena_;
  T* saved_ = nullptr;
};

template <typename T>
T* GruPass<T>::all_gates(int64_t tokens, const T* x) {
  const int64_t wide = 3 * w_.width(), in = w_.input.columns;
  T* gates = arena_.take<T>(tokens * wide);
  kernels::gemm_nt(tokens, wide, in, x, in, w_.input.data, in, gates, wide, false);
  add_bias(w_.input_bias, tokens, gates);
  return gates;
}

template <typename T>
void GruPass<T>::gates_of_step(int64_t step, const T* x, T* rows, T* gates) const {
  const int64_t wide = 3 * w_.width(), in = w_.input.columns, active = plan_.active[step];
  plan_.gather(step, x, in, rows);
  kernels::gemm_nt(active, wide, in, rows, in, w_.input.data, in, gates, wide, false);
  add_bias(w_.input_bias, active, gates);
}

template <typename T>
void GruPass<T>::forward(int64_t tokens, const T* x, const T* start, T* states) {
  const int64_t hidden = w_.width(), wide = 3 * hidden, rows = plan_.rows();
  T* gates = saved_ ? all_gates(tokens, x) : nullptr;
  T* inputs = saved_ ? nullptr : arena_.take<T>(rows * w_.input.columns);
  T* state = arena_.take<T>(rows * hidden);
  T* from_x = arena_.take<T>(rows * wide);
  T* from_h = arena_.take<T>(rows * wide);
  T* kept = saved_ ? arena_.take<T>(rows * 4 * hidden) : nullptr;
  for (int64_t r = 0; r < rows; ++r) {
    if (start) {
      std::copy_n(start + plan_.order[r] * hidden, hidden, state + r * hidden);
    } else {
      std::fill_n(state + r * hidden, hidden, T(0));
    }
  }
  for (int64_t step = 0; step < plan_.steps(); ++step) {
    const int64_t active = plan_.active[step];
    if (gates) {
      plan_.gather(step, gates, wide, from_x);
    } else {
      gates_of_step(step, x, inputs, from_x);
    }
    kernels::gemm_nt(active, wide, hidden, state, hidden, w_.hidden.data, hidden, from_h, wide,
                     false);
    add_bias(w_.hidden_bias, active, from_h);
    kernels::gru_gates(active, hidden, from_x, from_h, state, kept);
    plan_.scatter(step, state, hidden, states);
    if (saved_) plan_.scatter(step, kept, 4 * hidden, saved_);
  }
}

template <typename T>
void GruPass<T>::previous_states(int64_t step, const T* start, const T* states, T* to) const {
  const int64_t hidden = w_.width();
  for (int64_t r = 0; r < plan_.active[step]; ++r) {
    const T* from = step > 0 ? states + (plan_.token(r, step) - 1) * hidden
                    : start  ? start + plan_.order[r] * hidden
                             : nullptr;
    if (from) {
      std::copy_n(from, hidden, to + r * hidden);
    } else {
      std::fill_n(to + r * hidden, hidden, T(0));
    }
  }
}

template <typename T>
void GruPass<T>::backward(int64_t tokens, const T* x, const T* start, const T* states,
                          const T* states_grad, T* x_grad, T* start_grad) {
  const int64_t hidden = w_.width(), wide = 3 * hidden, rows = plan_.rows(), in = w_.input.columns;
  T* carry = arena_.take<T>(rows * hidden);
  T* previous = arena_.take<T>(rows * hidden);
  T* kept = arena_.take<T>(rows * 4 * hidden);
  T* dx = arena_.take<T>(rows * wide);
  T* dh = arena_.take<T>(rows * wide);
  T* x_gates_grad = arena_.take<T>(tokens * wide);
  T* h_gates_grad = arena_.take<T>(tokens * wide);
  T* before = arena_.take<T>(tokens * hidden);
  std::fill_n(carry, rows * hidden, T(0));
  for (int64_t step = plan_.steps(); step-- > 0;) {
    const int64_t active = plan_.active[step];
    for (int64_t r = 0; r < active; ++r) {
      kernels::axpy(hidden, T(1), states_grad + plan_.token(r, step) * hidden, carry + r * hidden);
    }
    previous_states(step, start, states, previous);
    plan_.gather(step, saved_, 4 * hidden, kept);
    kernels::gru_gates_backward(active, hidden, previous, kept, carry, dx, dh);
    kernels::gemm_nn(active, hidden, wide, dh, wide, w_.hidden.data, hidden, carry, hidden, true);
    plan_.scatter(step, dx, wide, x_gates_grad);
    plan_.scatter(step, dh, wide, h_gates_grad);
    plan_.scatter(step, previous, hidden, before);
  }
  kernels::gemm_nn(tokens, in, wide, x_gates_grad, wide, w_.input.data, in, x_grad, in, false);
  kernels::gemm_tn(wide, in, tokens, x_gates_grad, wide, x, in, w_.input.grad, in, true);
  kernels::gemm_tn(wide, hidden, tokens, h_gates_grad, wide, before, hidden, w_.hidden.grad, hidden,
                   true);
  if (w_.input_bias.data) {
    kernels::add_column_sums(tokens, wide, x_gates_grad, w_.input_bias.grad);
    kernels::add_column_sums(tokens, wide, h_gates_grad, w_.hidden_bias.grad);
  }
  for (int64_t r = 0; start_grad && r < rows; ++r) {
    std::copy_n(carry + r * hidden, hidden, start_grad + plan_.order[r] * hidden);
  }
}

}  // namespace

template <typename T>
Rows TilePass<T>::gru_over(Rows x, const Offsets& offsets, const GruCall& call) {
  assert(offsets.back() == x.count);
  GruWeights<T> weights{
      weight(call.name, "input_weight"), weight(call.name, "hidden_weight"), {}, {}};
  if (call.bias) {
    weights.input_bias = weight(call.name, "input_bias");
    weights.hidden_bias = weight(call.name, "hidden_bias");
  }
  const auto pass = std::make_shared<GruPass<T>>(weights, offsets, arena_);
  if (purpose_.training) pass->keep(x.count);
  const Rows y = make(x.count, weights.width(), x.layout);
  const Rows start = call.start;
  pass->forward(x.count, data(x), start.exists() ? data(start) : nullptr, data(y));
  record([this, x, y, start, pass] {
    const T* from = start.exists() ? data(start) : nullptr;
    T* start_grad = from ? arena_.take<T>(start.size()) : nullptr;
    write_gradient(x, [&](T* to) {
      pass->backward(x.count, data(x), from, data(y), grad(y), to, start_grad);
    });
    if (from) kernels::axpy(start.size(), T(1), start_grad, grad(start));
  });
  return y;
}

template <typename T>
Rows TilePass<T>::gru(Rows x, const GruCall& call, const Wanted& wanted) {
  assert(x.count == input().tokens());
  const Offsets offsets(input().offsets.begin(), input().offsets.end());
  return keep_wanted(gru_over(x, offsets, call), wanted);
}

template Rows TilePass<float>::gru_over(Rows, const Offsets&, const GruCall&);
template Rows TilePass<double>::gru_over(Rows, const Offsets&, const GruCall&);
template Rows TilePass<float>::gru(Rows, const GruCall&, const Wanted&);
template Rows TilePass<double>::gru(Rows, const GruCall&, const Wanted&);

}  // namespace truenext::net
