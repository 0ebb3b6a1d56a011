// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "net/ops.h"
#include "net/tensors.h"

namespace truenext {

/// A transformer block that is made of the vocabulary's operations. What is often used or heavy
/// stays one operation (decision 0010); these are as fast where most of their time is in products.
struct OperationBlock {
  /// Of one block, whose names begin with `prefix`, but for the biases by distance and time.
  void (*tensors)(const ModelOptions& options, const std::string& prefix,
                  std::vector<TensorInfo>& list);
  /// x [tokens, hidden_size] to the wanted rows.
  net::Rows (*run)(net::Ops& ops, const ModelOptions& options, const net::BlockCall& call,
                   net::Rows x, const net::Wanted& wanted);
};

namespace net {

// Adding one: write net/blocks/<name>.cpp, declare it here and name it in a style of
// net/block_style.cpp, which has its equations.
extern const OperationBlock pre_norm_block;
extern const OperationBlock hstu_block;
extern const OperationBlock res_block;

/// Tensors of attention and feed-forward part, as most blocks have them: attention_norm, query,
/// key, value, perhaps output, ffn_norm, ffn1, ffn2.
void add_usual_tensors(const ModelOptions& options, bool output_projection,
                       const std::string& prefix, std::vector<TensorInfo>& list);
/// The attention of a block: its heads, sight, distances, times, and dropout of its softmax
/// weights.
AttentionCall attention_of(const BlockCall& call);
/// The wanted rows of a matrix with a row for every token.
Rows wanted_rows(Ops& ops, Rows x, const Wanted& wanted);

}  // namespace net
}  // namespace truenext
