// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/run_config.h"
#include "run/step_work.h"

namespace truenext {

enum class BenchUnit { step, epoch };

/// What `truenext bench train-step` and `truenext bench epoch` ask for.
struct BenchRequest {
  RunConfig config;
  int threads = 1;
  BenchUnit unit = BenchUnit::step;
  int64_t repeats = 1;  ///< timed steps or epochs, after two steps that are not timed
};

/// One timed step or epoch: drawing and packing the batch, forward, loss, backward, optimiser.
struct BenchTiming {
  double seconds = 0;
  double cpu_seconds = 0;  ///< of all threads
  int64_t steps = 0;
  PackedSize size;
};

struct BenchResult {
  ModelOptions model;  ///< resolved
  std::string objective;
  int64_t items = 0;
  int64_t parameters = 0;
  std::vector<BenchTiming> timings;
};

}  // namespace truenext
