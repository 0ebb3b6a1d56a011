// SPDX-License-Identifier: Apache-2.0
#include "kernels_bench.h"

namespace truenext::kernels::bench {
namespace {

/// range: rows, candidates of each, dim, items.
struct Candidates {
  explicit Candidates(const benchmark::State& state)
      : rows(state.range(0)),
        count(state.range(1)),
        dim(state.range(2)),
        states(random_values(rows * dim, 1)),
        table(random_values(state.range(3) * dim, 2)),
        scores(random_values(rows * count, 3)),
        ids(random_ids(rows * count, static_cast<uint32_t>(state.range(3)))) {}
  int64_t rows, count, dim;
  std::vector<float> states, table, scores;
  std::vector<int32_t> ids;
};

void candidate_scores(benchmark::State& state, decltype(&gather_scores) function) {
  Candidates c(state);
  for (auto _ : state) {
    function(c.rows, c.count, c.dim, c.states.data(), c.table.data(), c.ids.data(),
             c.scores.data());
    benchmark::ClobberMemory();
  }
  time_per(state, "row", c.rows);
}

void candidate_gradients(benchmark::State& state, decltype(&gather_scores_backward) function) {
  const Candidates c(state);
  std::vector<float> state_grad(c.states.size()), table_grad(c.table.size());
  for (auto _ : state) {
    function(c.rows, c.count, c.dim, c.states.data(), c.table.data(), c.ids.data(), c.scores.data(),
             state_grad.data(), table_grad.data());
    benchmark::ClobberMemory();
  }
  time_per(state, "row", c.rows);
}

// gSASRec on ML-1M, on Beauty and on a million items; SASRec's one negative.
constexpr int64_t kMillion = 1000000;
BENCHMARK_CAPTURE(candidate_scores, fast, gather_scores)
    ->Args({512, 257, 128, 3416})
    ->Args({512, 257, 64, 12101})
    ->Args({512, 257, 64, kMillion})
    ->Args({512, 2, 64, 12101});
BENCHMARK_CAPTURE(candidate_scores, plain, reference::gather_scores<float>)
    ->Args({512, 257, 128, 3416});
BENCHMARK_CAPTURE(candidate_gradients, fast, gather_scores_backward)
    ->Args({512, 257, 128, 3416})
    ->Args({512, 257, 64, 12101})
    ->Args({512, 257, 64, kMillion})
    ->Args({512, 2, 64, 12101});
BENCHMARK_CAPTURE(candidate_gradients, plain, reference::gather_scores_backward<float>)
    ->Args({512, 257, 128, 3416});

}  // namespace
}  // namespace truenext::kernels::bench
