// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "batch/batch.h"

namespace truenext {

/// What makes the steps of a training: the tile engine on the CPU, or a device.
class StepEngine {
 public:
  virtual ~StepEngine() = default;

  /// Loss of the batch before the update: a mean over what Objective::divisor() counts, and the
  /// terms of train.table_norm and train.norm_penalty. `total_steps` is for the schedule.
  virtual double step(const Batch& batch, int64_t step, int64_t total_steps) = 0;
  /// Brings the model's weights and the optimiser's moments up to the last step: before they are
  /// read from outside.
  virtual void settle() = 0;
};

}  // namespace truenext
