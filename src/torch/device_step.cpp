// SPDX-License-Identifier: Apache-2.0
#include "torch/device_step.h"

#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/autograd.h>

#include "torch/device_pass.h"

namespace truenext {

DeviceGradients run_batch(const Model& model, const std::vector<at::Tensor>& weights,
                          const DeviceObjective& objective, const Batch& batch,
                          const StepContext& context) {
  const DeviceBatch packed = pack_batch(batch, padded_window(model.options()), weights[0].device());
  DevicePass pass(model.parameters(), weights, packed, PassPurpose::training);
  const at::Tensor states = model.encode_on_device(pass);
  const int64_t output = model.output_table();
  const DeviceLoss loss = objective.evaluate(batch, states.detach(), weights[output], context);
  DeviceGradients result{loss.loss,
                         torch::autograd::grad({states}, pass.leaves(), {loss.state_grad},
                                               /*retain_graph=*/false,
                                               /*create_graph=*/false,
                                               /*allow_unused=*/true)};
  at::Tensor& table = result.gradients[output];
  table = table.defined() ? table + loss.table_grad : loss.table_grad;
  return result;
}

}  // namespace truenext
