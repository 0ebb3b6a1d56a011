// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "nn/forward.h"

namespace truenext::nn {

/// Layer norm over the rows of x [tokens, dim] with the parameters `name`.weight and `name`.bias,
/// as one autograd node on the kernels.
at::Tensor layer_norm(Forward& forward, const at::Tensor& x, const std::string& name,
                      double epsilon);

/// x [tokens, in] . weight^T + bias -> [tokens, out] with the parameters `name`.weight [out, in]
/// and `name`.bias, on the kernels: a BLAS may not be called by several workers at once (Debian's
/// openblas-serial gives wrong numbers then), and its bits are its own.
at::Tensor linear(Forward& forward, const at::Tensor& x, const std::string& name);

/// dropout(scale * items + positions), all [tokens, dim]; `positions` may be undefined. The mask is
/// that of Forward::dropout with the same rate, purpose and layer.
at::Tensor embedding_sum(Forward& forward, const at::Tensor& items, const at::Tensor& positions,
                         double scale, double dropout_rate);

}  // namespace truenext::nn
