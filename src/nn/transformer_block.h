// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "inference/model_options.h"
#include "nn/forward.h"

namespace truenext::nn {

/// Block `number` of a SASRec-family model over the packed sequences of the pass's tile, as one
/// autograd node: x [tokens, hidden_size] -> the same shape. Weights are the parameters
/// "blocks.<number>.*", style and dropout those of the options (inference/block_style.h).
/// Float runs the kernels, double their plain twins.
at::Tensor transformer_block(Forward& forward, const ModelOptions& options, int64_t number,
                             const at::Tensor& x);

}  // namespace truenext::nn
