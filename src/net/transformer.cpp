// SPDX-License-Identifier: Apache-2.0
#include "net/transformer.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "net/block_style.h"
#include "net/blocks/blocks.h"
#include "net/network.h"
#include "net/time_gaps.h"

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
  // The block's own has no name of its own, or it would be taken along to another block.
  if (&block_style(options) == &style) options.activation = FeedForward::automatic;
  if (options.num_heads == 0) options.num_heads = style.default_heads;
  if (options.inner_size == 0) options.inner_size = style.inner_factor * options.hidden_size;
  if (options.positions == PositionNumbers::automatic) options.positions = style.default_positions;
  check_usage(
      options.hidden_size % options.num_heads == 0,
      "model.num_heads = {}: model.hidden_size = {} cannot be divided among that many heads",
      options.num_heads, options.hidden_size);
  check_rate("attention_dropout", options.attention_dropout);
  check_rate("embedding_dropout", options.embedding_dropout);
  check_usage(style.operations != &pre_norm_block || options.hidden_size > 1,
              "model.hidden_size = 1: the block \"{}\" divides by the deviation of a state's "
              "values; want at least 2",
              options.block);
  check_usage(options.padding == PaddingUse::none || style.can_attend_padding,
              "model.padding = \"attend\": of the blocks only \"pmixer\" has an original that sees "
              "its padding; want \"none\" for \"{}\"",
              options.block);
  check_usage(options.padding == PaddingUse::none || !numbers_distances(options.positions),
              "model.padding = \"attend\" with model.positions = \"{}\": padding has no places and "
              "so no distances; want model.positions = \"from-end\", or padding = \"none\"",
              word_of(options.positions));
  if (options.time == TimeUse::none) return;
  if (options.time_form == GapUse::automatic) options.time_form = GapUse::attention;
  check_usage(options.padding == PaddingUse::none || !times_in_attention(options),
              "model.padding = \"attend\" with model.time_form = \"{}\": padding has no times and "
              "so no gaps; want model.time_form = \"input\", or padding = \"none\"",
              word_of(options.time_form));
}

namespace {

constexpr const char* kDistanceBias = "distance_bias";
constexpr const char* kTimeBias = "time_bias";

/// The numbers that a layer has for distances, later keys of networks that look ahead first.
struct Distances {
  int64_t count;
  int64_t origin;  ///< column of distance 0
};

// No two items of a window are max_length apart. A causal network that looks both ways for once, in
// a pretraining, takes later keys for near ones.
Distances distances_of(const ModelOptions& options) {
  const int64_t length = options.max_length;
  if (is_causal(find_network(options.name), options)) return {length, 0};
  return {2 * length - 1, length - 1};
}

}  // namespace

void add_embedding_tensors(const ModelOptions& options, int64_t num_items,
                           std::vector<TensorInfo>& list) {
  const int64_t d = options.hidden_size;
  list.push_back({kInputTable, {num_items, d}, Start::table});
  if (numbers_places(options.positions)) {
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
    if (style.operations != nullptr) {
      style.operations->tensors(options, prefix, list);
    } else {
      add_usual_tensors(options, style.output_projection, prefix, list);
    }
    if (!numbers_distances(options.positions)) continue;
    list.push_back({prefix + kDistanceBias, {1, distances_of(options).count}, Start::zero});
  }
  if (style.final_norm) add_norm(list, "final_norm", d);
  for (int64_t b = 0; b < options.num_blocks && times_in_attention(options); ++b) {
    list.push_back({fmt::format("blocks.{}.{}", b, kTimeBias), {1, kTimeBuckets}, Start::zero});
  }
  add_gap_tensors(options, list);
}

Rows embed_places(Ops& ops, const ModelOptions& options, Rows x) {
  const BlockStyle& style = block_style(options.block);
  const double factor =
      style.scale_embedding ? std::sqrt(static_cast<double>(options.hidden_size)) : 1;
  if (numbers_places(options.positions)) {
    const Rows places = ops.lookup("position_embedding.weight",
                                   options.positions == PositionNumbers::from_start
                                       ? places_from_start(ops.input())
                                       : places_from_end(ops.input(), options.max_length),
                                   Layout::tokens);
    x = ops.add(places, x, factor);
  } else if (factor != 1) {
    x = ops.scale(x, factor);
  }
  x = add_gaps(ops, options, x);
  if (style.embedding_map) x = ops.linear(x, "embedding_map");
  if (style.embedding_norm) x = ops.layer_norm(x, "embedding_norm", style.epsilon);
  return ops.dropout(x, rate_of(options.embedding_dropout, options), Purpose::dropout_embedding, 0);
}

Rows transformer_blocks(Ops& ops, const ModelOptions& options, Rows x, bool causal) {
  const BlockStyle& style = block_style(options);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const std::string prefix = fmt::format("blocks.{}.", b), distances = prefix + kDistanceBias,
                      times = prefix + kTimeBias;
    BlockCall call{prefix, &style, options.num_heads, options.inner_size};
    call.causal = causal;
    call.padded_length = options.padding == PaddingUse::attend ? options.max_length : 0;
    call.dropout = options.dropout;
    call.attention_dropout = rate_of(options.attention_dropout, options);
    call.number = b;
    if (numbers_distances(options.positions)) {
      call.distance_bias = distances;
      call.distance_origin = distances_of(options).origin;
    }
    if (times_in_attention(options)) {
      call.time_bias = times;
      call.bucket_width = kTimeBucketWidth;
      call.query_time = query_time_of(options);
    }
    const bool last = b + 1 == options.num_blocks;
    const Wanted wanted = last ? ops.wanted() : Wanted::all();
    x = style.operations ? style.operations->run(ops, options, call, x, wanted)
                         : ops.block(x, call, wanted);
  }
  return style.final_norm ? ops.layer_norm(x, "final_norm", style.epsilon) : x;
}

}  // namespace truenext::net
