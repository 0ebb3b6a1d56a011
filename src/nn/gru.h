// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/forward.h"

namespace truenext::nn {

/// Weights of one GRU layer in PyTorch's layout (gates r, z, n stacked): input [3H, in], hidden
/// [3H, H], biases [3H] or undefined.
struct GruWeights {
  at::Tensor input, hidden, input_bias, hidden_bias;
};

/// GRU layer over the packed sequences of the pass's tile as one autograd node: x [tokens, in] ->
/// states [tokens, H]. Every sequence starts from zero.
/// Equations: inference/gru4rec_encoder.cpp.
at::Tensor jagged_gru(Forward& forward, const GruWeights& weights, const at::Tensor& x);

}  // namespace truenext::nn
