// SPDX-License-Identifier: Apache-2.0
// The pre-norm block of CSRec's BERT4Rec: gelu by its tanh approximation, norms by the sample
// standard deviation, a dropout behind the block.
#include "net/block_style.h"
#include "net/blocks/blocks.h"

namespace truenext::net {
namespace {

void tensors(const ModelOptions& options, const std::string& prefix,
             std::vector<TensorInfo>& list) {
  add_usual_tensors(options, /*output_projection=*/true, prefix, list);
}

/// S of net/block_style.h.
Rows standard_norm(Ops& ops, Rows x, const std::string& name, double epsilon) {
  const Rows y = ops.multiply(ops.standardise(x, epsilon), ops.parameter(name + ".weight"));
  return ops.add(y, ops.parameter(name + ".bias"));
}

/// dropout(y + F(S(y))), of the wanted rows.
Rows feed_forward(Ops& ops, const ModelOptions& options, const BlockCall& call, Rows y) {
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

Rows run(Ops& ops, const ModelOptions& options, const BlockCall& call, Rows x,
         const Wanted& wanted) {
  const std::string name(call.name);
  const Rows n = standard_norm(ops, x, name + "attention_norm", call.style->epsilon);
  const Rows q = ops.linear(wanted_rows(ops, n, wanted), name + "query");
  const Rows k = ops.linear(n, name + "key");
  const Rows v = ops.linear(n, name + "value");
  const Rows attended =
      ops.linear(ops.attention(q, k, v, attention_of(call), wanted), name + "output");
  const Rows dropped =
      ops.dropout(attended, call.dropout, Purpose::dropout_attention_output, call.number);
  return feed_forward(ops, options, call, ops.add(wanted_rows(ops, x, wanted), dropped));
}

}  // namespace

extern const OperationBlock pre_norm_block;
const OperationBlock pre_norm_block{&tensors, &run};

}  // namespace truenext::net
