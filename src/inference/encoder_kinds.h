// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/encoder.h"

namespace truenext {

/// What an encoder's source file offers. Options arrive resolved, weights checked against
/// tensors().
struct EncoderKind {
  std::string_view name;
  std::vector<TensorInfo> (*tensors)(const ModelOptions& options, int64_t num_items);
  std::unique_ptr<SequenceEncoder> (*make)(const ModelOptions& options, const TensorMap& weights);
};

extern const EncoderKind kSasrecEncoder;   // sasrec_encoder.cpp
extern const EncoderKind kGru4recEncoder;  // gru4rec_encoder.cpp

/// A linear map y = x W^T + b; bias may be null.
struct LinearView {
  const float* weight = nullptr;  ///< [out, in]
  const float* bias = nullptr;    ///< [out]
  int64_t out = 0;
  int64_t in = 0;
};
/// "prefix.weight" and "prefix.bias" of a checked map.
LinearView linear_of(const TensorMap& weights, const std::string& prefix);

/// The newest max_length items of a history. Data Error when it is empty or names an item outside
/// 0..num_items-1, as happens when a model is given another dataset's histories.
std::span<const int32_t> checked_window(JaggedView<int32_t> histories, int64_t row,
                                        int64_t max_length, int64_t num_items);

/// encode_all() leaves cutting to its caller.
void check_not_longer(JaggedView<int32_t> histories, int64_t max_length);

/// Scratch that only ever grows: room for n floats, contents unspecified.
float* room(std::vector<float>& buffer, int64_t n);

}  // namespace truenext
