// SPDX-License-Identifier: Apache-2.0
#include "net/transformer.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "net/block_style.h"

namespace truenext::net {
namespace {

/// model.attention_dropout or model.embedding_dropout, which may be left to model.dropout.
double rate_of(double own, const ModelOptions& options) {
  return own < 0 ? options.dropout : own;
}

void check_rate(const char* key, double rate) {
  check_usage(rate >= 0 || rate == -1,
              "model.{} = {}: want 0 to 0.99, or -1 for that of model.dropout", key, rate);
}

}  // namespace

void check_transformer(ModelOptions& options) {
  const BlockStyle& style = block_style(options.block);
  if (options.num_heads == 0) options.num_heads = style.default_heads;
  if (options.inner_size == 0) options.inner_size = style.inner_factor * options.hidden_size;
  if (options.positions == PositionNumbers::automatic) options.positions = style.default_positions;
  check_usage(
      options.hidden_size % options.num_heads == 0,
      "model.num_heads = {}: model.hidden_size = {} cannot be divided among that many heads",
      options.num_heads, options.hidden_size);
  check_rate("attention_dropout", options.attention_dropout);
  check_rate("embedding_dropout", options.embedding_dropout);
  check_usage(!style.pre_norm || options.hidden_size > 1,
              "model.hidden_size = 1: the block \"{}\" divides by the deviation of a state's "
              "values; want at least 2",
              options.block);
  check_usage(options.padding == PaddingUse::none || style.can_attend_padding,
              "model.padding = \"attend\": of the blocks only \"pmixer\" has an original that sees "
              "its padding; want \"none\" for \"{}\"",
              options.block);
}

void add_embedding_tensors(const ModelOptions& options, int64_t num_items,
                           std::vector<TensorInfo>& list) {
  const int64_t d = options.hidden_size;
  list.push_back({kInputTable, {num_items, d}, Start::table});
  if (options.positions != PositionNumbers::none) {
    list.push_back({"position_embedding.weight", {options.max_length, d}, Start::table});
  }
  if (!options.tie_embeddings) list.push_back({kOutputTable, {num_items, d}, Start::table});
}

void add_block_tensors(const ModelOptions& options, std::vector<TensorInfo>& list) {
  const BlockStyle& style = block_style(options.block);
  const int64_t d = options.hidden_size;
  if (style.embedding_map) add_linear(list, "embedding_map", d, d);
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
}

Rows embed_places(Ops& ops, const ModelOptions& options, Rows x) {
  const BlockStyle& style = block_style(options.block);
  const double factor =
      style.scale_embedding ? std::sqrt(static_cast<double>(options.hidden_size)) : 1;
  if (options.positions != PositionNumbers::none) {
    const Rows places = ops.lookup("position_embedding.weight",
                                   options.positions == PositionNumbers::from_end
                                       ? places_from_end(ops.input(), options.max_length)
                                       : places_from_start(ops.input()),
                                   Layout::tokens);
    x = ops.add(places, x, factor);
  } else if (factor != 1) {
    x = ops.scale(x, factor);
  }
  if (style.embedding_map) x = ops.linear(x, "embedding_map");
  if (style.embedding_norm) x = ops.layer_norm(x, "embedding_norm", style.epsilon);
  return ops.dropout(x, rate_of(options.embedding_dropout, options), Purpose::dropout_embedding, 0);
}

namespace {

/// S of net/block_style.h.
Rows standard_norm(Ops& ops, Rows x, const std::string& name, double epsilon) {
  const Rows y = ops.multiply(ops.standardise(x, epsilon), ops.parameter(name + ".weight"));
  return ops.add(y, ops.parameter(name + ".bias"));
}

/// dropout(y + F(S(y))), of the wanted rows.
Rows pre_norm_forward(Ops& ops, const ModelOptions& options, const BlockCall& call, Rows y) {
  const std::string name(call.name);
  const auto drop = [&](Rows x, Purpose purpose, int64_t number) {
    return ops.dropout(x, call.dropout, purpose, number);
  };
  const Rows n = standard_norm(ops, y, name + "ffn_norm", call.style->epsilon);
  const Rows wide = ops.apply(Function::gelu_tanh, ops.linear(n, name + "ffn1"));
  const Rows inner = drop(wide, Purpose::dropout_activation, call.number);
  const Rows end = drop(ops.linear(inner, name + "ffn2"), Purpose::dropout_output, call.number);
  // The masks behind blocks are numbered after those inside.
  return drop(ops.add(y, end), Purpose::dropout_output, options.num_blocks + call.number);
}

Rows pre_norm_block(Ops& ops, const ModelOptions& options, const BlockCall& call, Rows x,
                    const Wanted& wanted) {
  const std::string name(call.name);
  const auto wanted_of = [&](Rows rows) { return wanted.is_all() ? rows : ops.pick(rows); };
  const Rows n = standard_norm(ops, x, name + "attention_norm", call.style->epsilon);
  const Rows q = ops.linear(wanted_of(n), name + "query");
  const Rows k = ops.linear(n, name + "key");
  const Rows v = ops.linear(n, name + "value");
  AttentionCall attention;
  attention.heads = call.heads;
  attention.causal = call.causal;
  attention.dropout = call.attention_dropout;
  attention.number = call.number;
  const Rows attended = ops.linear(ops.attention(q, k, v, attention, wanted), name + "output");
  const Rows dropped =
      ops.dropout(attended, call.dropout, Purpose::dropout_attention_output, call.number);
  return pre_norm_forward(ops, options, call, ops.add(wanted_of(x), dropped));
}

}  // namespace

Rows transformer_blocks(Ops& ops, const ModelOptions& options, Rows x, bool causal) {
  const BlockStyle& style = block_style(options.block);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string prefix = fmt::format("blocks.{}.", b);
    BlockCall call{prefix, &style, options.num_heads, options.inner_size};
    call.causal = causal;
    call.padded_length = options.padding == PaddingUse::attend ? options.max_length : 0;
    call.dropout = options.dropout;
    call.attention_dropout = rate_of(options.attention_dropout, options);
    call.number = b;
    const bool last = b + 1 == options.num_blocks;
    const Wanted wanted = last ? ops.wanted() : Wanted::all();
    x = style.pre_norm ? pre_norm_block(ops, options, call, x, wanted) : ops.block(x, call, wanted);
  }
  return style.final_norm ? ops.layer_norm(x, "final_norm", style.epsilon) : x;
}

}  // namespace truenext::net
