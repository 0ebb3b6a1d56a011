// SPDX-License-Identifier: Apache-2.0
// Attention of TilePass.
#include <algorithm>
#include <cassert>

#include "net/tape-inl.h"

namespace truenext::net {

template <typename T>
void TilePass<T>::set_queries(const AttentionCall& call, const Wanted& wanted,
                              kernels::AttentionShape& shape, kernels::AttentionTerms<T>& terms) {
  const bool timed = !call.time_bias.empty();
  const std::span<const int64_t> times =
      call.query_time == QueryTime::past ? input().times : input().query_times;
  assert(!timed || std::ssize(times) == input().tokens());
  terms.query_times = timed ? times.data() : nullptr;
  if (wanted.is_all()) return;
  const std::span<const int32_t> tokens = wanted.tokens();
  const auto count = static_cast<int64_t>(tokens.size());
  auto* offsets = arena_.take<int64_t>(input().sequences() + 1);
  auto* places = arena_.take<int32_t>(count);
  auto* asked = timed ? arena_.take<int64_t>(count) : nullptr;
  offsets[0] = 0;
  int64_t row = 0;
  for (int64_t s = 0; s < input().sequences(); ++s) {
    for (; row < count && tokens[row] < input().offsets[s + 1]; ++row) {
      places[row] = static_cast<int32_t>(tokens[row] - input().offsets[s]);
      if (timed) asked[row] = times[tokens[row]];
    }
    offsets[s + 1] = row;
  }
  shape.query_offsets = offsets;
  shape.query_places = places;
  terms.query_times = asked;
}

template <typename T>
Rows TilePass<T>::attention(Rows q, Rows k, Rows v, const AttentionCall& call,
                            const Wanted& wanted) {
  assert(k.count == input().tokens() && v.count == k.count);
  assert(q.width == k.width && v.width == k.width && q.width % call.heads == 0);
  kernels::AttentionShape shape;
  kernels::AttentionArrays<T> arrays{data(q), data(k), data(v)};
  set_queries(call, wanted, shape, arrays.terms);
  shape.sequences = input().sequences();
  shape.offsets = input().offsets.data();
  shape.dim = shape.q_stride = shape.k_stride = shape.v_stride = q.width;
  shape.heads = call.heads;
  shape.causal = call.causal;
  shape.score_scale = static_cast<float>(call.score_scale);
  shape.weights = call.weights;
  shape.weight_scale = static_cast<float>(call.weight_scale);
  shape.dropout = mask(call.dropout, Purpose::dropout_attention, call.number);
  shape.streams = shape.dropout.active() ? input().streams.data() : nullptr;
  kernels::AttentionTerms<T>& terms = arrays.terms;
  if (!call.distance_bias.empty()) {
    const WeightView<T>& bias = weight(call.distance_bias);
    terms.distance_bias = bias.data;
    terms.distance_grad = bias.grad;
    terms.distance_heads = bias.rows;
    terms.distances = bias.columns;
    terms.distance_origin = call.distance_origin;
  }
  if (!call.time_bias.empty()) {
    assert(std::ssize(input().times) == k.count);
    const WeightView<T>& bias = weight(call.time_bias);
    terms.time_bias = bias.data;
    terms.time_grad = bias.grad;
    terms.time_heads = bias.rows;
    terms.buckets = bias.columns;
    terms.bucket_width = call.bucket_width;
    terms.key_times = input().times.data();
  }
  const Rows y = make(q.count, q.width, layout_of(wanted));
  T* saved =
      purpose_.training ? arena_.take<T>(kernels::attention_saved_floats<T>(shape)) : nullptr;
  kernels::run_attention(shape, arrays, data(y), saved);
  record([this, q, k, v, y, shape, arrays, saved]() mutable {
    // Beside the gradients that are there: q, k and v may be the same rows.
    arrays.q_grad = arena_.take<T>(q.size());
    arrays.k_grad = arena_.take<T>(k.size());
    arrays.v_grad = arena_.take<T>(v.size());
    kernels::run_attention_backward(shape, arrays, saved, grad(y));
    hand_on(arrays.q_grad, q);
    hand_on(arrays.k_grad, k);
    hand_on(arrays.v_grad, v);
  });
  return y;
}

template void TilePass<float>::set_queries(const AttentionCall&, const Wanted&,
                                           kernels::AttentionShape&,
                                           kernels::AttentionTerms<float>&);
template void TilePass<double>::set_queries(const AttentionCall&, const Wanted&,
                                            kernels::AttentionShape&,
                                            kernels::AttentionTerms<double>&);
template Rows TilePass<float>::attention(Rows, Rows, Rows, const AttentionCall&, const Wanted&);
template Rows TilePass<double>::attention(Rows, Rows, Rows, const AttentionCall&, const Wanted&);

}  // namespace truenext::net
