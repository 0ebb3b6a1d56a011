// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "train/loop/bench_request.h"
#include "train/loop/training_parts.h"

namespace truenext {

/// Trains without validation, checkpoints or a run folder, and looks at the clock.
class StepBench {
 public:
  explicit StepBench(const BenchRequest& request);

  /// Throws Error with ExitCode::interrupted when asked to stop.
  BenchResult run();

 private:
  BenchTiming time_step();
  BenchTiming time_epoch();
  void step(int64_t batch, PackedSize* size);
  int64_t full_batches() const;

  BenchRequest request_;
  RunConfig& config_;
  TrainingParts parts_;
  int64_t epoch_ = 0;
  int64_t batch_ = 0;
  int64_t steps_ = 0;
};

}  // namespace truenext
