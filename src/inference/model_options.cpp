// SPDX-License-Identifier: Apache-2.0
#include "inference/model_options.h"

#include "base/error.h"
#include "inference/block_style.h"

namespace truenext {
namespace {

// Bounds that keep every product of two sizes far from overflow.
constexpr double kMaxWidth = 1 << 16;
constexpr double kMaxDepth = 1024;
constexpr double kMaxLength = 1 << 20;

void resolve_sasrec(ModelOptions& options) {
  const BlockStyle& style = block_style(options.block);
  if (options.num_heads == 0) options.num_heads = style.default_heads;
  if (options.inner_size == 0) options.inner_size = style.inner_factor * options.hidden_size;
  if (options.positions == "auto") options.positions = style.default_positions;
  check_usage(
      options.hidden_size % options.num_heads == 0,
      "model.num_heads = {}: model.hidden_size = {} cannot be divided among that many heads",
      options.num_heads, options.hidden_size);
  check_usage(options.padding == "none" || style.can_attend_padding,
              "model.padding = \"attend\": only model.block = \"pmixer\" and model.name = "
              "\"gru4rec\" have originals that see their padding; want \"none\" for \"{}\"",
              options.block);
}

void resolve_gru4rec(ModelOptions& options) {
  if (options.positions == "auto") options.positions = "none";
  check_usage(options.positions == "none",
              "model.positions = \"{}\": gru4rec has no positions; want \"auto\" or \"none\"",
              options.positions);
}

}  // namespace

void ModelOptions::list(OptionList& options) {
  options.add("name", name, "Encoder").one_of({"sasrec", "gru4rec"});
  options.add("block", block, "sasrec: transformer block of which original")
      .one_of(block_style_names());
  options.add("hidden_size", hidden_size, "Width of states and item vectors").range(1, kMaxWidth);
  options.add("num_blocks", num_blocks, "sasrec: transformer blocks").range(1, kMaxDepth);
  options.add("num_heads", num_heads, "sasrec: attention heads; 0 = as the block's original")
      .range(0, kMaxWidth);
  options.add("max_length", max_length, "Newest items of a history that the model sees")
      .range(1, kMaxLength);
  options.add("inner_size", inner_size, "sasrec: feed-forward width; 0 = as the block's original")
      .range(0, kMaxWidth * 4);
  options.add("dropout", dropout, "Share of values dropped in training").range(0, 0.99);
  options
      .add("positions", positions,
           "sasrec: number positions so that the newest item is last (from-end) or the oldest is "
           "first (from-start)")
      .one_of({"auto", "from-end", "from-start", "none"});
  options.add("tie_embeddings", tie_embeddings, "Score with the input item table");
  options
      .add("padding", padding,
           "attend: see the left padding as the originals of pmixer and gru4rec do")
      .one_of({"none", "attend"});
  options.add("init", init, "How weights start: small, or as an original does")
      .one_of({"small", "torch", "xavier-normal", "normal-0.02"});
  options.add("gru_hidden_size", gru_hidden_size, "gru4rec: recurrent width").range(1, kMaxWidth);
  options.add("gru_layers", gru_layers, "gru4rec: recurrent layers").range(1, kMaxDepth);
  options.add("gru_bias", gru_bias, "gru4rec: biases in the recurrent layers");
}

void ModelOptions::resolve() {
  OptionList options;
  options.section("model", *this);
  for (const Option& option : options.all()) option.check("model");
  if (name == "gru4rec") {
    resolve_gru4rec(*this);
  } else {
    resolve_sasrec(*this);
  }
}

}  // namespace truenext
