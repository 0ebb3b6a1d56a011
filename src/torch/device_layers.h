// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "net/model_options.h"
#include "torch/device_pass.h"

namespace truenext::nn {

/// Twin of transformer_block() (nn/transformer_block.h) made of LibTorch operations: x, z
/// [tokens, hidden_size]. Equations: inference/block_style.h.
at::Tensor device_block(const DevicePass& pass, const ModelOptions& options, int64_t number,
                        const at::Tensor& x);

/// Twin of jagged_gru() (nn/gru.h) on the padded form: x [sequences, length, in] -> states
/// [sequences, length, gru_hidden_size].
at::Tensor device_gru(const DevicePass& pass, const ModelOptions& options, int64_t layer,
                      const at::Tensor& x);

}  // namespace truenext::nn
