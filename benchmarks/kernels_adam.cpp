// SPDX-License-Identifier: Apache-2.0
#include "kernels_bench.h"

namespace truenext::kernels::bench {
namespace {

/// range: parameters; 16 k stay in cache, 16 M do not.
void adam_step(benchmark::State& state, decltype(&adam) function) {
  const int64_t n = state.range(0);
  const auto grad = random_values(n, 1);
  std::vector<float> p(grad), m(grad.size()), v(grad.size());
  const AdamStep step;
  for (auto _ : state) function(n, step, grad.data(), p.data(), m.data(), v.data());
  time_per(state, "parameter", n);
}

BENCHMARK_CAPTURE(adam_step, fast, adam)->Arg(1 << 14)->Arg(1 << 24);
BENCHMARK_CAPTURE(adam_step, plain, reference::adam<float>)->Arg(1 << 14);

}  // namespace
}  // namespace truenext::kernels::bench
