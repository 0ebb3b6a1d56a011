// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/model.h"
#include "objectives/objective.h"
#include "run/run_config.h"
#include "torch/device_adam.h"
#include "torch/device_objective.h"
#include "torch/device_step.h"
#include "train/steps/step_engine.h"
#include "train/loop/training_parts.h"

namespace truenext {

/// Training steps on a device: the whole batch at once with LibTorch's kernels (docs/devices.md).
/// Batches and negatives are those of the tile engine, dropout masks are LibTorch's; device and
/// seed determine the run as far as the device's kernels do.
class DeviceEngine final : public StepEngine {
 public:
  /// The parts, none of whose tables is deferred, outlive the engine, which takes weights and
  /// moments from them at its first step.
  DeviceEngine(TrainingParts& parts, const TrainOptions& options, at::Device device);

  double step(const Batch& batch, int64_t step, int64_t total_steps) override;
  void settle() override;

  /// The weights of the last step on the device, in the order of the parameters.
  const std::vector<at::Tensor>& weights();

  /// For the start of a run, e.g. "cuda:0, LibTorch 2.13.0, loss on the device".
  std::string describe() const;

 private:
  void load();
  DeviceGradients gradients(const Batch& batch, const StepContext& context) const;

  Model& model_;
  const Objective& objective_;
  TrainOptions options_;
  at::Device device_;
  DeviceObjective loss_;
  DeviceAdam adam_;
  bool loaded_ = false;  ///< the device has weights and moments
  bool settled_ = true;  ///< the host has those of the last step
};

}  // namespace truenext
