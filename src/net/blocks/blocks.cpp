// SPDX-License-Identifier: Apache-2.0
#include "net/blocks/blocks.h"

#include <string_view>

namespace truenext::net {

void add_usual_tensors(const ModelOptions& options, bool output_projection,
                       const std::string& prefix, std::vector<TensorInfo>& list) {
  const int64_t d = options.hidden_size;
  add_norm(list, prefix + "attention_norm", d);
  for (const char* part : {"query", "key", "value", "output"}) {
    if (part == std::string_view("output") && !output_projection) continue;
    add_linear(list, prefix + part, d, d, Start::attention_bias);
  }
  add_norm(list, prefix + "ffn_norm", d);
  add_linear(list, prefix + "ffn1", options.inner_size, d);
  add_linear(list, prefix + "ffn2", d, options.inner_size);
}

AttentionCall attention_of(const BlockCall& call) {
  AttentionCall attention;
  attention.heads = call.heads;
  attention.causal = call.causal;
  attention.distance_bias = call.distance_bias;
  attention.distance_origin = call.distance_origin;
  attention.time_bias = call.time_bias;
  attention.bucket_width = call.bucket_width;
  attention.query_time = call.query_time;
  attention.dropout = call.attention_dropout;
  attention.number = call.number;
  return attention;
}

Rows wanted_rows(Ops& ops, Rows x, const Wanted& wanted) {
  return wanted.is_all() ? x : ops.pick(x);
}

}  // namespace truenext::net
