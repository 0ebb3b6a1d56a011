// SPDX-License-Identifier: Apache-2.0
// BERT4Rec (Sun et al., CIKM 2019): a transformer that looks both ways is trained to name items
// that are hidden from it, from what stands before and after. For the next item a hidden place is
// appended to the history. Over its state h lies the original's head, LN(gelu(W h + b)); that of
// CSRec (block "csrec-bert") has none. Its output bias is model.output_bias, as of any network.
#include <fmt/format.h>

#include "base/error.h"
#include "net/block_style.h"
#include "net/network.h"
#include "net/network_parts.h"
#include "net/transformer.h"

namespace truenext {
namespace {

using net::Ops;
using net::Rows;

void check(ModelOptions& options) {
  net::check_transformer(options);
  check_usage(options.padding == PaddingUse::none,
              "model.padding = \"attend\": bert4rec has no original that sees its padding; want "
              "\"none\"");
  check_usage(options.max_length >= 2,
              "model.max_length = {}: bert4rec needs a place for the mask beside an item; want at "
              "least 2",
              options.max_length);
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  std::vector<TensorInfo> list;
  net::add_embedding_tensors(options, num_items, list);
  list.push_back({net::kMaskVector, {1, d}, Start::matrix});
  net::add_block_tensors(options, list);
  if (block_style(options.block).cloze_head) {
    add_linear(list, "head", d, d);
    add_norm(list, "head_norm", d);
  }
  return list;
}

Rows run(Ops& ops, const ModelOptions& options) {
  const Rows x =
      net::embed_places(ops, options, net::add_mask(ops, net::item_vectors(ops), net::kMaskVector));
  const Rows states = net::transformer_blocks(ops, options, x, false);
  const BlockStyle& style = block_style(options.block);
  if (!style.cloze_head) return states;
  const Rows head = ops.apply(net::Function::gelu, ops.linear(states, "head"));
  return ops.layer_norm(head, "head_norm", style.epsilon);
}

bool causal(const ModelOptions&) {
  return false;
}

std::string describe(const ModelOptions& options) {
  return fmt::format("{} block, {} blocks, {} heads, both ways", options.block, options.num_blocks,
                     options.num_heads);
}

}  // namespace

extern const NetworkInfo bert4rec_network;
const NetworkInfo bert4rec_network{
    .name = "bert4rec",
    .summary = "transformer that names hidden items, looking both ways (BERT4Rec)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    .causal = &causal,
    .fills_masks = true,
    .describe = &describe,
    .keys = {"block", "num_blocks", "num_heads", "inner_size", "activation", "positions",
             "skip_share", "attention_dropout", "embedding_dropout"},
    .examples = {"block=post-norm num_heads=2", "block=gsasrec tie_embeddings=true",
                 "block=csrec-bert num_heads=2", "block=gsasrec positions=relative num_heads=2",
                 "block=hstu tie_embeddings=true", "block=res"}};

}  // namespace truenext
