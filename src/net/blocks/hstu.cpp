// SPDX-License-Identifier: Apache-2.0
// HSTU (Zhai et al., ICML 2024): silu in the place of the softmax, whose sum over the keys is not
// one, so that a state knows how much there was to attend to; gates in the place of the
// feed-forward part. Neither scores nor the gate are scaled, the norms are.
#include <algorithm>

#include "net/block_style.h"
#include "net/blocks/blocks.h"

namespace truenext::net {
namespace {

void tensors(const ModelOptions& options, const std::string& prefix,
             std::vector<TensorInfo>& list) {
  const int64_t d = options.hidden_size;
  for (const char* part : {"query", "key", "value", "gate"}) {
    list.push_back({prefix + part + ".weight", {d, d}});
  }
  add_linear(list, prefix + "output", d, d);
}

Rows run(Ops& ops, const ModelOptions& options, const BlockCall& call, Rows x,
         const Wanted& wanted) {
  const std::string name(call.name);
  const double epsilon = call.style->epsilon;
  const Rows n = ops.layer_norm(x, "", epsilon);
  const Rows asking = wanted_rows(ops, n, wanted);
  const auto part = [&](Rows from, const char* which) {
    return ops.apply(Function::silu, ops.linear(from, name + which, /*bias=*/false));
  };
  AttentionCall attention = attention_of(call);
  attention.weights = AttentionWeights::silu;
  attention.score_scale = 1;
  // Any constant would do, for the norm of the sum follows; this keeps sums near one.
  attention.weight_scale = 1 / static_cast<double>(options.max_length);
  // Of the weights none unless asked for: the original drops of the gated sum alone.
  attention.dropout = std::max(options.attention_dropout, 0.0);
  const Rows sum =
      ops.attention(part(asking, "query"), part(n, "key"), part(n, "value"), attention, wanted);
  const Rows gated = ops.multiply(ops.layer_norm(sum, "", epsilon), part(asking, "gate"));
  const Rows dropped = ops.dropout(gated, call.dropout, Purpose::dropout_output, call.number);
  return ops.add(wanted_rows(ops, x, wanted), ops.linear(dropped, name + "output"));
}

}  // namespace

extern const OperationBlock hstu_block;
const OperationBlock hstu_block{&tensors, &run};

}  // namespace truenext::net
