// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inference/encoder_kinds.h"

namespace truenext {

/// Borrowed weights of one transformer block; names as in docs/checkpoint-format.md.
struct NormView {
  const float* weight = nullptr;
  const float* bias = nullptr;
};
struct SasrecBlock {
  NormView attention_norm, ffn_norm;
  LinearView query, key, value, output, ffn1, ffn2;
};

/// All tensors of a resolved SASRec-family model, in the order of the file.
std::vector<TensorInfo> sasrec_tensors(const ModelOptions& options, int64_t num_items);

NormView norm_of(const TensorMap& weights, const std::string& prefix);
SasrecBlock block_of(const TensorMap& weights, int64_t number, bool output_projection);

}  // namespace truenext
