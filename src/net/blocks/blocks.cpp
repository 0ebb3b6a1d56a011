// SPDX-License-Identifier: Apache-2.0
#include "net/blocks/blocks.h"

namespace truenext::net {

AttentionCall attention_of(const BlockCall& call) {
  AttentionCall attention;
  attention.heads = call.heads;
  attention.causal = call.causal;
  attention.distance_bias = call.distance_bias;
  attention.distance_origin = call.distance_origin;
  attention.dropout = call.attention_dropout;
  attention.number = call.number;
  return attention;
}

Rows wanted_rows(Ops& ops, Rows x, const Wanted& wanted) {
  return wanted.is_all() ? x : ops.pick(x);
}

}  // namespace truenext::net
