// SPDX-License-Identifier: Apache-2.0
#include "kernels_bench.h"

namespace truenext::kernels::bench {
namespace {

using Gemm = decltype(&gemm_nt);

/// range: m, n, k.
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

// Projections and their gradients, attention blocks, a short user, catalogue scoring, one query.
BENCHMARK_CAPTURE(gemm, nt_fast, gemm_nt, false, true)
    ->Args({512, 128, 128})
    ->Args({256, 64, 64})
    ->Args({256, 50, 50})
    ->Args({64, 107, 128})
    ->Args({64, 64, 64})
    ->Args({9, 64, 64})
    ->Args({256, 3416, 128})
    ->Args({64, 65536, 64})
    ->Args({1, 3416, 128});
BENCHMARK_CAPTURE(gemm, nt_plain, reference::gemm_nt<float>, false, true)->Args({512, 128, 128});
BENCHMARK_CAPTURE(gemm, nn_fast, gemm_nn, false, false)
    ->Args({512, 128, 128})
    ->Args({256, 64, 64})
    ->Args({64, 128, 107})
    ->Args({9, 64, 64})
    ->Args({1, 128, 128});
BENCHMARK_CAPTURE(gemm, nn_plain, reference::gemm_nn<float>, false, false)->Args({512, 128, 128});
BENCHMARK_CAPTURE(gemm, tn_fast, gemm_tn, true, false)
    ->Args({128, 128, 512})
    ->Args({64, 64, 256})
    ->Args({107, 128, 64});
BENCHMARK_CAPTURE(gemm, tn_plain, reference::gemm_tn<float>, true, false)->Args({128, 128, 512});

}  // namespace
}  // namespace truenext::kernels::bench
