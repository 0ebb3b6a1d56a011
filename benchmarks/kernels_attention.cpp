// SPDX-License-Identifier: Apache-2.0
#include "kernels_bench.h"

namespace truenext::kernels::bench {
namespace {

void plain_forward(const AttentionShape& shape, const float* q, const float* k, const float* v,
                   float* out, float* saved) {
  reference::attention<float>(shape, q, k, v, nullptr, nullptr, out, saved);
}

void plain_backward(const AttentionShape& shape, const float* q, const float* k, const float* v,
                    const float* saved, const float* out_grad, float* q_grad, float* k_grad,
                    float* v_grad, float*, float*) {
  const reference::AttentionGradients<float> all{q,      k,      v,      nullptr, nullptr,
                                                 q_grad, k_grad, v_grad, nullptr, nullptr};
  reference::attention_backward<float>(shape, all, saved, out_grad);
}

/// Eight packed sequences of range(0) tokens; range(1) dim, range(2) heads, range(3) dropout.
struct Layer {
  explicit Layer(const benchmark::State& state)
      : dim(state.range(1)), q(random_values(8 * state.range(0) * 3 * dim, 1)) {
    for (int64_t s = 0; s < 8; ++s) {
      offsets.push_back(offsets.back() + state.range(0));
      streams.push_back(static_cast<uint64_t>(s));
    }
    shape.sequences = 8;
    shape.offsets = offsets.data();
    shape.dim = dim;
    shape.heads = state.range(2);
    shape.q_stride = shape.k_stride = shape.v_stride = 3 * dim;
    shape.dropout = Dropout::with_rate(0.5, random_key(1, Purpose::dropout_attention));
    if (state.range(3)) shape.streams = streams.data();
    out_grad = random_values(tokens() * dim, 2);
    out.resize(out_grad.size());
    grad.resize(q.size());
  }
  int64_t tokens() const { return offsets.back(); }

  int64_t dim;
  std::vector<int64_t> offsets{0};
  std::vector<uint64_t> streams;
  AttentionShape shape;
  std::vector<float> q, out, out_grad, grad, saved;  // q, k, v side by side
};

void attention_forward(benchmark::State& state, decltype(&attention) function, bool plain) {
  Layer layer(state);
  const auto size =
      plain ? reference::attention_saved_size(layer.shape) : attention_saved_size(layer.shape);
  layer.saved.resize(static_cast<size_t>(size));
  const float* q = layer.q.data();
  for (auto _ : state) {
    function(layer.shape, q, q + layer.dim, q + 2 * layer.dim, layer.out.data(),
             layer.saved.data());
    benchmark::ClobberMemory();
  }
  time_per(state, "token", layer.tokens());
}

void attention_gradients(benchmark::State& state, decltype(&attention) forward,
                         decltype(&attention_backward) function, bool plain) {
  Layer layer(state);
  const auto size =
      plain ? reference::attention_saved_size(layer.shape) : attention_saved_size(layer.shape);
  layer.saved.resize(static_cast<size_t>(size));
  const float *q = layer.q.data(), *k = q + layer.dim, *v = k + layer.dim;
  float* grad = layer.grad.data();
  forward(layer.shape, q, k, v, layer.out.data(), layer.saved.data());
  for (auto _ : state) {
    function(layer.shape, q, k, v, layer.saved.data(), layer.out_grad.data(), grad,
             grad + layer.dim, grad + 2 * layer.dim, nullptr, nullptr);
    benchmark::ClobberMemory();
  }
  time_per(state, "token", layer.tokens());
}

// A mean ML-1M history, a mean Beauty history, a full window; without and with dropout.
BENCHMARK_CAPTURE(attention_forward, fast, attention, false)
    ->Args({107, 128, 1, 0})
    ->Args({107, 128, 1, 1})
    ->Args({9, 64, 2, 1})
    ->Args({200, 128, 1, 1});
BENCHMARK_CAPTURE(attention_forward, plain, plain_forward, true)->Args({107, 128, 1, 1});
BENCHMARK_CAPTURE(attention_gradients, fast, attention, attention_backward, false)
    ->Args({107, 128, 1, 0})
    ->Args({107, 128, 1, 1})
    ->Args({9, 64, 2, 1})
    ->Args({200, 128, 1, 1});
BENCHMARK_CAPTURE(attention_gradients, plain, plain_forward, plain_backward, true)
    ->Args({107, 128, 1, 1});

}  // namespace
}  // namespace truenext::kernels::bench
