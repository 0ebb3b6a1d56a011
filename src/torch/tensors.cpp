// SPDX-License-Identifier: Apache-2.0
#include "torch/tensors.h"

#include <ATen/Functions.h>

namespace truenext {
namespace {

template <typename T>
at::Tensor borrowed(const T* data, at::IntArrayRef shape) {
  return at::from_blob(const_cast<T*>(data), shape, c10::CppTypeToScalarType<T>::value);
}

template <typename T>
at::Tensor copied(const T* data, at::IntArrayRef shape, at::Device device) {
  const at::Tensor host = borrowed(data, shape);
  return host.to(device, host.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
}

template <typename T>
at::Tensor copied(std::span<const T> values, at::Device device) {
  return copied(values.data(), {static_cast<int64_t>(values.size())}, device);
}

}  // namespace

at::Tensor to_device(std::span<const int64_t> values, at::Device device) {
  return copied(values, device);
}

at::Tensor to_device(std::span<const int32_t> values, at::Device device) {
  return copied(values, device).to(at::kLong);
}

at::Tensor to_device(std::span<const float> values, at::Device device) {
  return copied(values, device);
}

at::Tensor to_device(const TensorView& tensor, at::Device device) {
  return copied(tensor.data, tensor.shape, device);
}

at::Tensor to_device(const Tensor& tensor, at::Device device) {
  return copied(tensor.data(), tensor.shape, device);
}

at::Tensor borrow(Tensor& tensor) {
  return borrowed(tensor.data(), tensor.shape);
}

}  // namespace truenext
