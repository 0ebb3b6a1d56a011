// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/thread_pool.h"
#include "batch/batch.h"
#include "models/model.h"
#include "objectives/objective.h"
#include "train/optimizer.h"
#include "train/tile_step.h"

namespace upnext {

/// One training step: the tiles of a batch over the workers, their gradients along the fixed tree,
/// the optimiser. Same seed and data give the same bits for any number of workers.
class Engine {
 public:
  Engine(Model& model, const Objective& objective, Adam& adam, const TrainOptions& options,
         WorkerPool& pool)
      : model_(model), objective_(objective), adam_(adam), options_(options), pool_(pool) {}

  /// Mean loss of the batch's positions, before the update. `total_steps` is for the schedule.
  double step(const Batch& batch, int64_t step, int64_t total_steps);

 private:
  /// Rows that the tiles will read, where the optimiser left rows behind.
  void catch_up(const Batch& batch, const StepContext& context);

  Model& model_;
  const Objective& objective_;
  Adam& adam_;
  const TrainOptions& options_;
  WorkerPool& pool_;
};

}  // namespace upnext
