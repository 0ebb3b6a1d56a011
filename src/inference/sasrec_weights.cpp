// SPDX-License-Identifier: Apache-2.0
#include "inference/sasrec_weights.h"

#include <fmt/format.h>

#include "inference/block_style.h"

namespace truenext {
namespace {

void add_linear(std::vector<TensorInfo>& tensors, const std::string& prefix, int64_t out,
                int64_t in) {
  tensors.push_back({prefix + ".weight", {out, in}});
  tensors.push_back({prefix + ".bias", {out}});
}

void add_norm(std::vector<TensorInfo>& tensors, const std::string& prefix, int64_t dim) {
  tensors.push_back({prefix + ".weight", {dim}});
  tensors.push_back({prefix + ".bias", {dim}});
}

}  // namespace

std::vector<TensorInfo> sasrec_tensors(const ModelOptions& options, int64_t num_items) {
  const BlockStyle& style = block_style(options.block);
  const int64_t d = options.hidden_size;
  std::vector<TensorInfo> tensors;
  tensors.push_back({"item_embedding.weight", {num_items, d}});
  if (options.positions != "none") {
    tensors.push_back({"position_embedding.weight", {options.max_length, d}});
  }
  if (!options.tie_embeddings) tensors.push_back({"output_embedding.weight", {num_items, d}});
  if (style.embedding_norm) add_norm(tensors, "embedding_norm", d);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string prefix = fmt::format("blocks.{}.", b);
    add_norm(tensors, prefix + "attention_norm", d);
    for (const char* part : {"query", "key", "value"}) add_linear(tensors, prefix + part, d, d);
    if (style.output_projection) add_linear(tensors, prefix + "output", d, d);
    add_norm(tensors, prefix + "ffn_norm", d);
    add_linear(tensors, prefix + "ffn1", options.inner_size, d);
    add_linear(tensors, prefix + "ffn2", d, options.inner_size);
  }
  if (style.final_norm) add_norm(tensors, "final_norm", d);
  return tensors;
}

NormView norm_of(const TensorMap& weights, const std::string& prefix) {
  return {weights.at(prefix + ".weight").data, weights.at(prefix + ".bias").data};
}

SasrecBlock block_of(const TensorMap& weights, int64_t number, bool output_projection) {
  const std::string prefix = fmt::format("blocks.{}.", number);
  SasrecBlock block;
  block.attention_norm = norm_of(weights, prefix + "attention_norm");
  block.query = linear_of(weights, prefix + "query");
  block.key = linear_of(weights, prefix + "key");
  block.value = linear_of(weights, prefix + "value");
  if (output_projection) block.output = linear_of(weights, prefix + "output");
  block.ffn_norm = norm_of(weights, prefix + "ffn_norm");
  block.ffn1 = linear_of(weights, prefix + "ffn1");
  block.ffn2 = linear_of(weights, prefix + "ffn2");
  return block;
}

}  // namespace truenext
