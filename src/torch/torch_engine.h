// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/model.h"
#include "objectives/objective.h"
#include "run/run_config.h"
#include "torch/device_adam.h"
#include "torch/device_objective.h"
#include "torch/device_step.h"
#include "torch/device_tables.h"
#include "train/loop/training_parts.h"
#include "train/steps/device_engine.h"
#include "train/steps/norm_terms.h"

namespace truenext {

/// Training steps in LibTorch operations (docs/devices.md). Batches and negatives are those of the
/// tile engine, dropout masks are LibTorch's; device and seed determine the run as far as the
/// device's kernels do.
class TorchEngine final : public DeviceEngine {
 public:
  /// As Devices::engine().
  TorchEngine(TrainingParts& parts, const TrainOptions& options, at::Device device);

  double step(const Batch& batch, int64_t step, int64_t total_steps) override;
  void settle() override;
  std::string describe() const override;
  std::unique_ptr<Scorer> scorer(WeightSet set) override;

 private:
  void load();
  DeviceGradients gradients(const Batch& batch, const StepContext& context) const;

  Model& model_;
  const Objective& objective_;
  TrainOptions options_;
  at::Device device_;
  DeviceObjective loss_;
  DeviceTables tables_;
  DeviceAdam adam_;
  std::vector<NormTerm> norms_;  ///< of the loss
  bool loaded_ = false;          ///< the device has weights and moments
  bool settled_ = true;          ///< the host has those of the last step
};

}  // namespace truenext
