// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/model.h"
#include "torch/device.h"
#include "torch/device_tables.h"
#include "torch/tensors.h"

namespace truenext::test {

/// Where the tests of this folder compute: TRUENEXT_TEST_DEVICE, e.g. cuda, or what every machine
/// has.
inline std::string device_name() {
  const char* name = std::getenv("TRUENEXT_TEST_DEVICE");
  return name != nullptr && *name != '\0' ? name : "aten-cpu";
}
inline at::Device device() {
  return open_device(device_name());
}

/// sin(rate j + shift) for the elements j of a tensor of this shape, on the host.
inline at::Tensor wave_like(const at::Tensor& value, double rate, double shift = 0) {
  return at::sin(at::arange(value.numel(), at::kFloat) * rate + shift).view(value.sizes());
}

/// Copies of a model's weights.
inline std::vector<at::Tensor> trained_of(const Model& model) {
  std::vector<at::Tensor> weights;
  for (int64_t i = 0; i < model.parameters().size(); ++i) {
    weights.push_back(to_device(model.parameters()[i].value, device()));
  }
  return weights;
}

/// The same as passes on a device read them.
inline std::vector<at::Tensor> weights_of(const Model& model) {
  return DeviceTables(model, device()).readable(trained_of(model));
}

}  // namespace truenext::test
