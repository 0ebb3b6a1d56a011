// SPDX-License-Identifier: Apache-2.0
#include "net/block_style.h"

#include <algorithm>

#include "base/error.h"
#include "net/blocks/blocks.h"

namespace truenext {
namespace {

// One entry per style; add a line here for a new one.
const std::vector<BlockStyle>& styles() {
  static const std::vector<BlockStyle> all = {
      {.name = "gsasrec", .final_norm = true, .epsilon = 1e-5f},
      {.name = "pmixer",
       .scale_embedding = true,
       .output_projection = true,
       .final_norm = true,
       .can_attend_padding = true,
       .epsilon = 1e-8f},
      {.name = "post-norm",
       .post_norm = true,
       .embedding_norm = true,
       .output_projection = true,
       .activation = kernels::Activation::gelu,
       .epsilon = 1e-12f,
       .default_heads = 2,
       .inner_factor = 4},
      {.name = "csrec",
       .post_norm = true,
       .embedding_norm = true,
       .output_projection = true,
       .epsilon = 1e-12f,
       .default_heads = 2,
       .inner_factor = 2,
       .default_positions = PositionNumbers::from_start},
      {.name = "csrec-bert",
       .operations = &net::pre_norm_block,
       .embedding_map = true,
       .output_projection = true,
       .cloze_head = false,
       .epsilon = 1e-6f,
       .default_heads = 2,
       .inner_factor = 4},
      {.name = "hstu",
       .operations = &net::hstu_block,
       .scale_embedding = true,
       .feed_forward = false,
       .epsilon = 1e-6f,
       .default_heads = 2,
       .default_positions = PositionNumbers::relative_from_end},
      {.name = "res",
       .operations = &net::res_block,
       .embedding_norm = true,
       .output_projection = true,
       .activation = kernels::Activation::gelu,
       .epsilon = 1e-12f,
       .default_heads = 1,
       .inner_factor = 4},
  };
  return all;
}

/// Those that can have another activation, with it.
const std::vector<BlockStyle>& other_styles() {
  static const std::vector<BlockStyle> all = [] {
    std::vector<BlockStyle> list;
    for (BlockStyle style : styles()) {
      if (style.operations != nullptr) continue;
      const bool relu = style.activation == kernels::Activation::relu;
      style.activation = relu ? kernels::Activation::gelu : kernels::Activation::relu;
      list.push_back(style);
    }
    return list;
  }();
  return all;
}

}  // namespace

const BlockStyle& block_style(const ModelOptions& options) {
  const BlockStyle& style = block_style(options.block);
  if (options.activation == FeedForward::automatic) return style;
  check_usage(style.operations == nullptr,
              "model.activation = \"{}\": the block \"{}\" has its own; want \"auto\"",
              word_of(options.activation), options.block);
  const auto wanted = options.activation == FeedForward::relu ? kernels::Activation::relu
                                                              : kernels::Activation::gelu;
  if (style.activation == wanted) return style;
  return *std::ranges::find(other_styles(), options.block, &BlockStyle::name);
}

const BlockStyle& block_style(const std::string& name) {
  for (const BlockStyle& style : styles()) {
    if (style.name == name) return style;
  }
  fail_usage("model.block = \"{}\" is unknown; want one of {}", name,
             fmt::join(block_style_names(), ", "));
}

std::vector<std::string> block_style_names() {
  std::vector<std::string> names;
  for (const BlockStyle& style : styles()) names.push_back(style.name);
  return names;
}

}  // namespace truenext
