// SPDX-License-Identifier: Apache-2.0
// A post-norm block in which attention is the smaller part of the first sum: most of it is the
// item's own vector, scaled column by column. After BSARec (Shin et al., AAAI 2024), whose low-pass
// filter over the window looks ahead and is left out.
#include "net/block_style.h"
#include "net/blocks/blocks.h"

namespace truenext::net {
namespace {

void tensors(const ModelOptions& options, const std::string& prefix,
             std::vector<TensorInfo>& list) {
  const int64_t d = options.hidden_size;
  list.push_back({prefix + "skip_scale", {d}, Start::one});
  add_norm(list, prefix + "skip_norm", d);
  add_usual_tensors(options, /*output_projection=*/true, prefix, list);
}

/// LN_skip(x + s^2 x)
Rows skip(Ops& ops, const BlockCall& call, Rows x) {
  const std::string name(call.name);
  const Rows scale = ops.parameter(name + "skip_scale");
  const Rows scaled = ops.multiply(x, ops.multiply(scale, scale));
  const Rows dropped = ops.dropout(scaled, call.dropout, Purpose::dropout_activation, call.number);
  return ops.layer_norm(ops.add(x, dropped), name + "skip_norm", call.style->epsilon);
}

/// LN_attention(x + A(x, x)) of the wanted rows `asking`.
Rows attend(Ops& ops, const BlockCall& call, Rows x, Rows asking, const Wanted& wanted) {
  const std::string name(call.name);
  const Rows q = ops.linear(asking, name + "query");
  const Rows k = ops.linear(x, name + "key");
  const Rows v = ops.linear(x, name + "value");
  const Rows attended =
      ops.linear(ops.attention(q, k, v, attention_of(call), wanted), name + "output");
  const Rows dropped =
      ops.dropout(attended, call.dropout, Purpose::dropout_attention_output, call.number);
  return ops.layer_norm(ops.add(asking, dropped), name + "attention_norm", call.style->epsilon);
}

Rows run(Ops& ops, const ModelOptions& options, const BlockCall& call, Rows x,
         const Wanted& wanted) {
  const std::string name(call.name);
  const Rows asking = wanted_rows(ops, x, wanted);
  const Rows attended = attend(ops, call, x, asking, wanted);
  const Rows y = ops.add(ops.scale(skip(ops, call, asking), options.skip_share), attended,
                         1 - options.skip_share);
  const Rows inner = ops.apply(Function::gelu, ops.linear(y, name + "ffn1"));
  const Rows end = ops.dropout(ops.linear(inner, name + "ffn2"), call.dropout,
                               Purpose::dropout_output, call.number);
  return ops.layer_norm(ops.add(y, end), name + "ffn_norm", call.style->epsilon);
}

}  // namespace

extern const OperationBlock res_block;
const OperationBlock res_block{&tensors, &run};

}  // namespace truenext::net
