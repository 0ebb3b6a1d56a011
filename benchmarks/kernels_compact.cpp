// SPDX-License-Identifier: Apache-2.0
#include "base/aligned.h"
#include "kernels/compact.h"
#include "kernels/reference_compact.h"
#include "kernels_bench.h"

namespace truenext::kernels::bench {
namespace {

/// ranges: items, pairs of columns.
void ceilings(benchmark::State& state, decltype(&score_ceilings) function) {
  const int64_t groups = state.range(0) / kCompactGroup;
  const int64_t pairs = state.range(1);
  const auto items = static_cast<size_t>(groups * kCompactGroup);
  AlignedVector<int8_t> values(items * static_cast<size_t>(2 * pairs));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int8_t>(i * 37 % 255 - 127);
  const std::vector<int16_t> query(static_cast<size_t>(2 * pairs), 1234);
  const AlignedVector<float> scales(items, 0.01f), slacks(items, 0.02f);
  std::vector<float> out(4096);
  for (auto _ : state) {
    const CompactRows rows{pairs, values.data(), scales.data(), slacks.data()};
    for (int64_t group = 0; group < groups; group += 4096 / kCompactGroup) {
      function(std::min(groups - group, 4096 / kCompactGroup), rows.from_group(group),
               {query.data(), 1e-4f, 3.0f}, out.data());
      benchmark::DoNotOptimize(out.data());
    }
  }
  time_per(state, "item", groups * kCompactGroup);
}

BENCHMARK_CAPTURE(ceilings, fast, score_ceilings)->Args({1000000, 32})->Args({4096, 32});
BENCHMARK_CAPTURE(ceilings, plain, reference::score_ceilings)->Args({4096, 32});

}  // namespace
}  // namespace truenext::kernels::bench
