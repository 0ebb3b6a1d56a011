// SPDX-License-Identifier: Apache-2.0
// The SASRec family: one causal transformer over packed sequences whose blocks follow a BlockStyle
// (net/block_style.h has the equations and sources).
#include <fmt/format.h>

#include "net/network.h"
#include "net/transformer.h"

namespace truenext {
namespace {

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  std::vector<TensorInfo> list;
  net::add_embedding_tensors(options, num_items, list);
  net::add_block_tensors(options, list);
  return list;
}

net::Rows run(net::Ops& ops, const ModelOptions& options) {
  const net::Rows x = net::embed_places(ops, options, net::item_vectors(ops));
  return net::transformer_blocks(ops, options, x, !ops.input().both_ways);
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
    .check = &net::check_transformer,
    .tensors = &tensors,
    .run = &run,
    .pretrains = true,
    .describe = &describe,
    .keys = {"block", "num_blocks", "num_heads", "inner_size", "activation", "positions",
             "skip_share", "attention_dropout", "embedding_dropout", "time", "time_form"},
    .examples = {"block=gsasrec num_heads=2",
                 "block=gsasrec tie_embeddings=true positions=none",
                 "block=pmixer num_heads=2",
                 "block=pmixer num_heads=2 padding=attend",
                 "block=post-norm num_heads=2",
                 "block=csrec num_heads=2",
                 "block=csrec num_heads=2 activation=gelu",
                 "block=post-norm activation=relu tie_embeddings=true",
                 "block=csrec-bert num_heads=2 tie_embeddings=true",
                 "block=gsasrec positions=relative num_heads=2",
                 "block=post-norm positions=relative+from-end tie_embeddings=true",
                 "block=csrec-bert positions=relative num_heads=2",
                 "block=hstu",
                 "block=hstu positions=from-end num_heads=1 tie_embeddings=true",
                 "block=res",
                 "block=res positions=relative num_heads=2 skip_share=0.4",
                 "block=gsasrec time=past num_heads=2",
                 "block=post-norm time=request num_heads=2",
                 "block=csrec time=request time_form=input tie_embeddings=true",
                 "block=hstu time=request time_form=input+attention positions=relative",
                 "block=res time=past time_form=input+attention num_heads=2",
                 "block=pmixer time=past time_form=input padding=attend"}};

}  // namespace truenext
