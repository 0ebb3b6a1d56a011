// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "net/tensors.h"

namespace truenext {

// Copies on a device.
at::Tensor to_device(std::span<const int64_t> values, at::Device device);  ///< int64 [values]
at::Tensor to_device(std::span<const int32_t> values, at::Device device);  ///< int64 [values]
at::Tensor to_device(std::span<const float> values, at::Device device);    ///< float32 [values]
at::Tensor to_device(const TensorView& tensor, at::Device device);         ///< its shape
at::Tensor to_device(const Tensor& tensor, at::Device device);             ///< its shape

/// The memory of a tensor, borrowed.
at::Tensor borrow(Tensor& tensor);

}  // namespace truenext
