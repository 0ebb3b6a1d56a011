// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Functions.h>

namespace truenext::nn {

/// Autograd nodes take no undefined tensors, so an absent argument travels as an empty one.
inline at::Tensor or_empty(const at::Tensor& tensor, const at::Tensor& like) {
  return tensor.defined() ? tensor : at::empty({0}, like.options());
}
inline bool present(const at::Tensor& tensor) {
  return tensor.defined() && tensor.numel() > 0;
}

}  // namespace truenext::nn
