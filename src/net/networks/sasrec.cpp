// SPDX-License-Identifier: Apache-2.0
// The SASRec family: one causal transformer over packed sequences whose blocks follow a BlockStyle
// (net/block_style.h has the equations and sources).
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "net/block_style.h"
#include "net/network.h"

namespace truenext {
namespace {

using net::Ops;
using net::Rows;
using net::Wanted;

void check(ModelOptions& options) {
  const BlockStyle& style = block_style(options.block);
  if (options.num_heads == 0) options.num_heads = style.default_heads;
  if (options.inner_size == 0) options.inner_size = style.inner_factor * options.hidden_size;
  if (options.positions == PositionNumbers::automatic) options.positions = style.default_positions;
  check_usage(
      options.hidden_size % options.num_heads == 0,
      "model.num_heads = {}: model.hidden_size = {} cannot be divided among that many heads",
      options.num_heads, options.hidden_size);
  check_usage(options.padding == PaddingUse::none || style.can_attend_padding,
              "model.padding = \"attend\": only model.block = \"pmixer\" and model.name = "
              "\"gru4rec\" have originals that see their padding; want \"none\" for \"{}\"",
              options.block);
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const BlockStyle& style = block_style(options.block);
  const int64_t d = options.hidden_size;
  std::vector<TensorInfo> list;
  list.push_back({kInputTable, {num_items, d}, Start::table});
  if (options.positions != PositionNumbers::none) {
    list.push_back({"position_embedding.weight", {options.max_length, d}, Start::table});
  }
  if (!options.tie_embeddings) list.push_back({kOutputTable, {num_items, d}, Start::table});
  if (style.embedding_norm) add_norm(list, "embedding_norm", d);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string prefix = fmt::format("blocks.{}.", b);
    add_norm(list, prefix + "attention_norm", d);
    for (const char* part : {"query", "key", "value"}) {
      add_linear(list, prefix + part, d, d, Start::attention_bias);
    }
    if (style.output_projection) add_linear(list, prefix + "output", d, d, Start::attention_bias);
    add_norm(list, prefix + "ffn_norm", d);
    add_linear(list, prefix + "ffn1", options.inner_size, d);
    add_linear(list, prefix + "ffn2", d, options.inner_size);
  }
  if (style.final_norm) add_norm(list, "final_norm", d);
  return list;
}

Rows embed(Ops& ops, const ModelOptions& options, const BlockStyle& style) {
  const double factor =
      style.scale_embedding ? std::sqrt(static_cast<double>(options.hidden_size)) : 1;
  Rows x = net::item_vectors(ops);
  if (options.positions != PositionNumbers::none) {
    const Rows places = ops.lookup("position_embedding.weight",
                                   options.positions == PositionNumbers::from_end
                                       ? net::places_from_end(ops.input(), options.max_length)
                                       : net::places_from_start(ops.input()),
                                   net::Layout::tokens);
    x = ops.add(places, x, factor);
  } else if (factor != 1) {
    x = ops.scale(x, factor);
  }
  if (style.embedding_norm) x = ops.layer_norm(x, "embedding_norm", style.epsilon);
  return ops.dropout(x, options.dropout, Purpose::dropout_embedding, 0);
}

Rows run(Ops& ops, const ModelOptions& options) {
  const BlockStyle& style = block_style(options.block);
  Rows x = embed(ops, options, style);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string prefix = fmt::format("blocks.{}.", b);
    net::BlockCall call{prefix, &style, options.num_heads, options.inner_size};
    call.padded_length = options.padding == PaddingUse::attend ? options.max_length : 0;
    call.dropout = options.dropout;
    call.number = b;
    const bool last = b + 1 == options.num_blocks;
    x = ops.block(x, call, last ? ops.wanted() : Wanted::all());
  }
  return style.final_norm ? ops.layer_norm(x, "final_norm", style.epsilon) : x;
}

std::string describe(const ModelOptions& options) {
  return fmt::format("{} block, {} blocks, {} heads", options.block, options.num_blocks,
                     options.num_heads);
}

}  // namespace

extern const NetworkInfo sasrec_network;
const NetworkInfo sasrec_network{
    .name = "sasrec",
    .summary = "causal transformer (SASRec, gSASRec, S3-Rec's network)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    .describe = &describe,
    .keys = {"block", "num_blocks", "num_heads", "inner_size", "positions"},
    .examples = {"block=gsasrec num_heads=2", "block=gsasrec tie_embeddings=true positions=none",
                 "block=pmixer num_heads=2", "block=pmixer num_heads=2 padding=attend",
                 "block=post-norm num_heads=2", "block=csrec num_heads=2"}};

}  // namespace truenext
