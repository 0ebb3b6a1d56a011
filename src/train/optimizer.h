// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "nn/parameters.h"
#include "run/run_config.h"
#include "train/tile_step.h"

namespace upnext {

/// Exact dense Adam (AdamW with weight decay): every number of every table moves in every step, as
/// in the originals. Element-wise, so its bits do not depend on the number of workers.
class Adam {
 public:
  Adam(ParameterSet& parameters, const TrainOptions& options);

  /// One step with the summed gradients, which are consumed. `learning_rate` is the scheduled one.
  void step(TileGradients<float>& gradients, double learning_rate, WorkerPool& pool);

  /// Moments by parameter index, for checkpoints.
  at::Tensor& moment1(int64_t index) { return moments1_[index]; }
  at::Tensor& moment2(int64_t index) { return moments2_[index]; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  ParameterSet& parameters_;
  TrainOptions options_;
  std::vector<at::Tensor> moments1_, moments2_;
  int64_t steps_ = 0;
};

/// Scales the gradients so that their global L2 norm is at most `limit`; returns the norm before.
double clip_gradients(TileGradients<float>& gradients, double limit);

/// Learning rate of 0-based `step` of `total` under the options' warm-up and schedule.
double scheduled_rate(const TrainOptions& options, int64_t step, int64_t total);

}  // namespace upnext
