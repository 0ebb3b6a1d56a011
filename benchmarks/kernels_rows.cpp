// SPDX-License-Identifier: Apache-2.0
#include "kernels/pairwise.h"
#include "kernels/reference_pairwise.h"
#include "kernels_bench.h"

namespace truenext::kernels::bench {
namespace {

constexpr int64_t kRows = 512;

void plain_layer_norm(int64_t rows, int64_t dim, const float* x, const float* weight,
                      const float* bias, float epsilon, float* y, float* mean, float* rstd) {
  reference::layer_norm<float>(rows, dim, x, weight, bias, epsilon, y, mean, rstd);
}

/// range: dim. Forward and backward.
void layer_norms(benchmark::State& state, decltype(&layer_norm) forward,
                 decltype(&layer_norm_backward) backward) {
  const int64_t dim = state.range(0);
  const auto x = random_values(kRows * dim, 1);
  const auto weight = random_values(dim, 2);
  std::vector<float> y(x.size()), mean(kRows), rstd(kRows), sums(static_cast<size_t>(2 * dim));
  for (auto _ : state) {
    forward(kRows, dim, x.data(), weight.data(), weight.data(), 1e-5f, y.data(), mean.data(),
            rstd.data());
    backward(kRows, dim, x.data(), weight.data(), mean.data(), rstd.data(), x.data(), y.data(),
             sums.data(), sums.data() + dim);
    benchmark::DoNotOptimize(y.data());
  }
  time_per(state, "row", kRows);
}

void gelu(benchmark::State& state, decltype(&add_bias) function) {
  const int64_t n = 1 << 14;
  auto x = random_values(n, 1);
  const std::vector<float> bias(static_cast<size_t>(n), 0.01f);
  for (auto _ : state) function(1, n, bias.data(), Activation::gelu, x.data());
  time_per(state, "element", n);
}

/// range: dim.
void dropout(benchmark::State& state, decltype(&dropout_factors) function) {
  const Dropout layer = Dropout::with_rate(0.5, random_key(1, Purpose::dropout_output));
  std::vector<float> factors(static_cast<size_t>(state.range(0)));
  uint32_t row = 0;
  for (auto _ : state) {
    function(layer, 3, ++row, state.range(0), factors.data());
    benchmark::DoNotOptimize(factors.data());
  }
  time_per(state, "element", state.range(0));
}

void gru(benchmark::State& state, decltype(&gru_gates) function) {
  const int64_t rows = 64, hidden = 128;
  const auto x = random_values(rows * 3 * hidden, 1);
  auto h = random_values(rows * hidden, 2);
  std::vector<float> saved(static_cast<size_t>(rows * 4 * hidden));
  for (auto _ : state) function(rows, hidden, x.data(), x.data(), h.data(), saved.data());
  time_per(state, "unit", rows * hidden);
}

void ranks(benchmark::State& state, decltype(&count_above) function) {
  const auto scores = random_values(3416, 1);
  for (auto _ : state) benchmark::DoNotOptimize(function(3416, scores.data(), 0.4f));
  time_per(state, "score", 3416);
}

void softmax_sum(benchmark::State& state, decltype(&log_sum_exp) function) {
  const auto scores = random_values(3416, 1);
  for (auto _ : state) benchmark::DoNotOptimize(function(3416, scores.data()));
  time_per(state, "score", 3416);
}

// Not decltype: these names stand for the double twins too.
using PairKernel = PairSums (*)(int64_t, float, float, const float*, float*);
using ShareKernel = PairSums (*)(int64_t, float, float, const float*, const float*, float*, float*);
using SquareKernel = double (*)(int64_t, float, const float*, const float*, float*, float*);

/// range: negatives of a positive. BPR.
void bpr_pairs(benchmark::State& state, PairKernel function) {
  const int64_t n = state.range(0);
  const auto scores = random_values(n, 1);
  std::vector<float> grad(scores.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(function(n, 0.4f, 0.1f, scores.data(), grad.data()));
  }
  time_per(state, "score", n);
}

/// range: negatives of a positive. BPR-max, of which a softmax over the row is the other half.
void bpr_max_pairs(benchmark::State& state, PairKernel function) {
  const int64_t n = state.range(0);
  const auto scores = random_values(n, 1);
  std::vector<float> out(scores.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(function(n, 0.4f, 0.4f, scores.data(), out.data()));
  }
  time_per(state, "score", n);
}

/// range: negatives of a positive. TOP1 with its regulariser.
void top1_pairs(benchmark::State& state, ShareKernel pairs, SquareKernel squares) {
  const int64_t n = state.range(0);
  const auto scores = random_values(n, 1);
  const auto share = random_values(n, 2);
  std::vector<float> value(scores.size()), slope(scores.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        pairs(n, 0.4f, 0.1f, scores.data(), share.data(), value.data(), slope.data()));
    benchmark::DoNotOptimize(
        squares(n, 0.1f, scores.data(), share.data(), value.data(), slope.data()));
  }
  time_per(state, "score", n);
}

BENCHMARK_CAPTURE(layer_norms, fast, layer_norm, layer_norm_backward)->Arg(128)->Arg(64);
BENCHMARK_CAPTURE(layer_norms, plain, plain_layer_norm, reference::layer_norm_backward<float>)
    ->Arg(128);
BENCHMARK_CAPTURE(gelu, fast, add_bias);
BENCHMARK_CAPTURE(gelu, plain, reference::add_bias<float>);
BENCHMARK_CAPTURE(dropout, fast, dropout_factors)->Arg(128)->Arg(50);
BENCHMARK_CAPTURE(dropout, plain, reference::dropout_factors<float>)->Arg(128);
BENCHMARK_CAPTURE(gru, fast, gru_gates);
BENCHMARK_CAPTURE(gru, plain, reference::gru_gates<float>);
BENCHMARK_CAPTURE(ranks, fast, count_above);
BENCHMARK_CAPTURE(ranks, plain, reference::count_above<float>);
BENCHMARK_CAPTURE(softmax_sum, fast, log_sum_exp);
BENCHMARK_CAPTURE(softmax_sum, plain, reference::log_sum_exp<float>);
BENCHMARK_CAPTURE(bpr_pairs, fast, pair_softplus)->Arg(256)->Arg(100);
BENCHMARK_CAPTURE(bpr_pairs, plain, reference::pair_softplus<float>)->Arg(256);
BENCHMARK_CAPTURE(bpr_max_pairs, fast, pair_exponentials)->Arg(256)->Arg(100);
BENCHMARK_CAPTURE(bpr_max_pairs, plain, reference::pair_exponentials<float>)->Arg(256);
BENCHMARK_CAPTURE(top1_pairs, fast, pair_sigmoid, square_sigmoid)->Arg(256)->Arg(100);
BENCHMARK_CAPTURE(top1_pairs, plain, reference::pair_sigmoid<float>,
                  reference::square_sigmoid<float>)
    ->Arg(256);

}  // namespace
}  // namespace truenext::kernels::bench
