// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"
#include "kernels/reference_attention.h"

// Shared by kernels_*.cpp. Every kernel is measured as "fast" and, at one of the sizes, as "plain":
// the loop in kernels/reference*.h that the tests compare it with.
namespace truenext::kernels::bench {

inline std::vector<float> random_values(int64_t n, uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<float> values(static_cast<size_t>(n));
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}

inline std::vector<int32_t> random_ids(int64_t n, uint32_t below) {
  RandomStream random(random_key(9, Purpose::negatives));
  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (int32_t& id : ids) id = static_cast<int32_t>(random.below(below));
  return ids;
}

inline void count_flops(benchmark::State& state, double flops) {
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

/// Time of one of `units` per call, e.g. tokens.
inline void time_per(benchmark::State& state, const char* unit, int64_t units) {
  state.counters[std::string("s/") + unit] =
      benchmark::Counter(static_cast<double>(units * state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace truenext::kernels::bench
