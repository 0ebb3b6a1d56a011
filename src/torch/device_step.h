// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "batch/batch.h"
#include "net/model.h"
#include "torch/device_objective.h"
#include "train/steps/norm_terms.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// Loss of a batch and its gradients in the order of the parameters, undefined where a weight took
/// no part.
struct DeviceGradients {
  double loss = 0;
  std::vector<at::Tensor> gradients;
};

/// The twin of run_tile() for a whole batch on the device of `weights`, which are in the order of
/// the model's parameters (whose own values are not read) as passes read them (DeviceTables):
/// forward, loss, backward in LibTorch operations.
DeviceGradients run_batch(const Model& model, const std::vector<at::Tensor>& weights,
                          const DeviceObjective& objective, const Batch& batch,
                          const StepContext& context);

/// The terms of train/steps/norm_terms.h; their gradients are added to `gradients`.
double add_norms_on_device(std::span<const NormTerm> terms, const std::vector<at::Tensor>& weights,
                           std::vector<at::Tensor>& gradients);

}  // namespace truenext
