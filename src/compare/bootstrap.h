// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "compare/paired.h"

namespace truenext {

/// Sizes and seed of everything that is drawn for a comparison.
struct Resampling {
  int64_t resamples = 10000;
  uint64_t seed = 42;
};

/// 95 % interval of every metric's mean difference when users are drawn again: paired bootstrap
/// over users, bias-corrected and accelerated (BCa; Efron, JASA 1987; of a mean
/// the acceleration is sum(x^3) / (6 sum(x^2)^1.5) of the centred differences). All metrics see the
/// same resampled users. Resample b is a stream of its own: the same bits on any number of threads.
std::vector<Interval> bootstrap_intervals(const PairedDifferences& differences,
                                          const Resampling& resampling, WorkerPool& pool);

}  // namespace truenext
