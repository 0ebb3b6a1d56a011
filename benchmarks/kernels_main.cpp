// SPDX-License-Identifier: Apache-2.0
// Speed of the kernels on one core at the sizes that training and serving use. CPU time; run with
//   kernels_bench --benchmark_filter=gemm --benchmark_repetitions=5
// UPNEXT_BENCH_LEVEL=AVX2 lowers the instruction set.
#include <benchmark/benchmark.h>
#include <hwy/targets.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/kernels.h"

namespace upnext::kernels {
namespace {

std::vector<float> random_values(int64_t n, uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<float> values(static_cast<size_t>(n));
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}

std::vector<int32_t> random_ids(int64_t n, uint32_t below) {
  RandomStream random(random_key(9, Purpose::negatives));
  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (int32_t& id : ids) id = static_cast<int32_t>(random.below(below));
  return ids;
}

void count_flops(benchmark::State& state, double flops) {
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

/// Time of one of `units` per call, e.g. tokens.
void time_per(benchmark::State& state, const char* unit, int64_t units) {
  state.counters[std::string("s/") + unit] =
      benchmark::Counter(static_cast<double>(units * state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

using Gemm = decltype(&gemm_nt);

void gemm(benchmark::State& state, Gemm function, bool transposed_a, bool transposed_b) {
  const int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const auto a = random_values(m * k, 1);
  const auto b = random_values(n * k, 2);
  std::vector<float> c(static_cast<size_t>(m * n));
  for (auto _ : state) {
    function(m, n, k, a.data(), transposed_a ? m : k, b.data(), transposed_b ? k : n, c.data(), n,
             transposed_a);
    benchmark::DoNotOptimize(c.data());
  }
  count_flops(state, 2.0 * static_cast<double>(m * n * k));
}

void layer_norms(benchmark::State& state) {
  const int64_t rows = 512, dim = state.range(0);
  const auto x = random_values(rows * dim, 1);
  const auto weight = random_values(dim, 2);
  std::vector<float> y(x.size()), mean(rows), rstd(rows), sums(static_cast<size_t>(2 * dim));
  for (auto _ : state) {
    layer_norm(rows, dim, x.data(), weight.data(), weight.data(), 1e-5f, y.data(), mean.data(),
               rstd.data());
    layer_norm_backward(rows, dim, x.data(), weight.data(), mean.data(), rstd.data(), x.data(),
                        y.data(), sums.data(), sums.data() + dim);
    benchmark::DoNotOptimize(y.data());
  }
  time_per(state, "row", rows);
}

void gelu(benchmark::State& state) {
  const int64_t n = 1 << 14;
  auto x = random_values(n, 1);
  const std::vector<float> bias(static_cast<size_t>(n), 0.01f);
  for (auto _ : state) add_bias(1, n, bias.data(), Activation::gelu, x.data());
  time_per(state, "element", n);
}

void dropout(benchmark::State& state) {
  const Dropout layer = Dropout::with_rate(0.5, random_key(1, Purpose::dropout_output));
  std::vector<float> factors(static_cast<size_t>(state.range(0)));
  uint32_t row = 0;
  for (auto _ : state) {
    dropout_factors(layer, 3, ++row, state.range(0), factors.data());
    benchmark::DoNotOptimize(factors.data());
  }
  time_per(state, "element", state.range(0));
}

/// 8 sequences of range(0) tokens; range(1) dim, range(2) heads, range(3) dropout, range(4)
/// backward.
void attention_layer(benchmark::State& state) {
  const int64_t sequences = 8, n = state.range(0), dim = state.range(1), stride = 3 * dim;
  std::vector<int64_t> offsets{0};
  std::vector<uint64_t> streams;
  for (int64_t s = 0; s < sequences; ++s) {
    offsets.push_back(offsets.back() + n);
    streams.push_back(static_cast<uint64_t>(s));
  }
  AttentionShape shape;
  shape.sequences = sequences;
  shape.offsets = offsets.data();
  shape.dim = dim;
  shape.heads = state.range(2);
  shape.q_stride = shape.k_stride = shape.v_stride = stride;
  shape.dropout = Dropout::with_rate(0.5, random_key(1, Purpose::dropout_attention));
  if (state.range(3)) shape.streams = streams.data();
  const int64_t tokens = offsets.back();
  const auto x = random_values(tokens * stride, 1);
  const auto out_grad = random_values(tokens * dim, 2);
  std::vector<float> out(out_grad.size()), grad(x.size());
  std::vector<float> saved(static_cast<size_t>(attention_saved_size(shape)));
  const float *q = x.data(), *k = q + dim, *v = k + dim;
  attention(shape, q, k, v, out.data(), saved.data());
  for (auto _ : state) {
    if (state.range(4)) {
      attention_backward(shape, q, k, v, saved.data(), out_grad.data(), grad.data(),
                         grad.data() + dim, grad.data() + 2 * dim, nullptr, nullptr);
    } else {
      attention(shape, q, k, v, out.data(), saved.data());
    }
    benchmark::ClobberMemory();
  }
  time_per(state, "token", tokens);
}

void gru(benchmark::State& state) {
  const int64_t rows = 64, hidden = 128;
  const auto x = random_values(rows * 3 * hidden, 1);
  auto h = random_values(rows * hidden, 2);
  std::vector<float> saved(static_cast<size_t>(rows * 4 * hidden));
  for (auto _ : state) gru_gates(rows, hidden, x.data(), x.data(), h.data(), saved.data());
  time_per(state, "unit", rows * hidden);
}

/// range: rows, count, dim, items, backward.
void candidates(benchmark::State& state) {
  const int64_t rows = state.range(0), count = state.range(1), dim = state.range(2);
  const int64_t items = state.range(3);
  const auto states = random_values(rows * dim, 1);
  const auto table = random_values(items * dim, 2);
  const auto ids = random_ids(rows * count, static_cast<uint32_t>(items));
  auto scores = random_values(rows * count, 3);
  std::vector<float> state_grad(states.size()), table_grad(table.size());
  for (auto _ : state) {
    if (state.range(4)) {
      gather_scores_backward(rows, count, dim, states.data(), table.data(), ids.data(),
                             scores.data(), state_grad.data(), table_grad.data());
    } else {
      gather_scores(rows, count, dim, states.data(), table.data(), ids.data(), scores.data());
    }
    benchmark::ClobberMemory();
  }
  time_per(state, "row", rows);
}

void adam_step(benchmark::State& state) {
  const int64_t n = state.range(0);
  const auto grad = random_values(n, 1);
  std::vector<float> p(grad), m(grad.size()), v(grad.size());
  const AdamStep step;
  for (auto _ : state) adam(n, step, grad.data(), p.data(), m.data(), v.data());
  time_per(state, "parameter", n);
}

void ranks(benchmark::State& state) {
  const auto scores = random_values(3416, 1);
  for (auto _ : state) benchmark::DoNotOptimize(count_above(3416, scores.data(), 0.4f));
  time_per(state, "score", 3416);
}

void softmax_sum(benchmark::State& state) {
  const auto scores = random_values(3416, 1);
  for (auto _ : state) benchmark::DoNotOptimize(log_sum_exp(3416, scores.data()));
  time_per(state, "score", 3416);
}

// Projections and their gradients, attention blocks, a short user, catalogue scoring, one query.
BENCHMARK_CAPTURE(gemm, nt, gemm_nt, false, true)
    ->Args({512, 128, 128})
    ->Args({256, 64, 64})
    ->Args({256, 50, 50})
    ->Args({64, 107, 128})
    ->Args({64, 64, 64})
    ->Args({9, 64, 64})
    ->Args({256, 3416, 128})
    ->Args({64, 65536, 64})
    ->Args({1, 3416, 128});
BENCHMARK_CAPTURE(gemm, nn, gemm_nn, false, false)
    ->Args({512, 128, 128})
    ->Args({256, 64, 64})
    ->Args({64, 128, 107})
    ->Args({9, 64, 64})
    ->Args({1, 128, 128});
BENCHMARK_CAPTURE(gemm, tn, gemm_tn, true, false)
    ->Args({128, 128, 512})
    ->Args({64, 64, 256})
    ->Args({107, 128, 64});
BENCHMARK(layer_norms)->Arg(64)->Arg(128);
BENCHMARK(gelu);
BENCHMARK(dropout)->Arg(128)->Arg(50);
BENCHMARK(attention_layer)
    ->ArgsProduct({{107}, {128}, {1}, {0, 1}, {0, 1}})
    ->Args({9, 64, 2, 1, 0})
    ->Args({9, 64, 2, 1, 1})
    ->Args({200, 128, 1, 1, 0})
    ->Args({200, 128, 1, 1, 1});
BENCHMARK(gru);
BENCHMARK(candidates)
    ->ArgsProduct({{512}, {257}, {128}, {3416}, {0, 1}})
    ->ArgsProduct({{512}, {257}, {64}, {12101, 1000000}, {0, 1}})
    ->ArgsProduct({{512}, {2}, {64}, {12101}, {0, 1}});
BENCHMARK(adam_step)->Arg(1 << 14)->Arg(1 << 24);
BENCHMARK(ranks);
BENCHMARK(softmax_sum);

}  // namespace
}  // namespace upnext::kernels

int main(int argc, char** argv) {
  const char* level = std::getenv("UPNEXT_BENCH_LEVEL");
  if (level && std::string(level) == "AVX2") hwy::SetSupportedTargetsForTest(HWY_AVX2);
  benchmark::AddCustomContext("instruction_set", upnext::kernels::instruction_set());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
