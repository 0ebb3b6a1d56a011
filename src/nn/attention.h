// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/forward.h"

namespace upnext::nn {

struct AttentionOptions {
  int64_t heads = 1;
  bool causal = true;
  double dropout = 0;
  int64_t layer = 0;       ///< for the dropout key
  int64_t max_length = 0;  ///< of the model, for the originals that attend to their padding
};

/// Attention over the packed sequences of the pass's tile as one autograd node: q, k, v [tokens,
/// dim]
/// -> [tokens, dim]. Float runs the kernel, double its plain reference. pad_key and pad_value
/// [dim], or undefined tensors: see kernels::AttentionShape.
at::Tensor jagged_attention(Forward& forward, const AttentionOptions& options, const at::Tensor& q,
                            const at::Tensor& k, const at::Tensor& v, const at::Tensor& pad_key,
                            const at::Tensor& pad_value);

}  // namespace upnext::nn
