// SPDX-License-Identifier: Apache-2.0
// Attention of TilePass.
#include <algorithm>
#include <cassert>

#include "net/tape-inl.h"

namespace truenext::net {

template <typename T>
void TilePass<T>::set_queries(const Wanted& wanted, kernels::AttentionShape& shape) {
  if (wanted.is_all()) return;
  const std::span<const int32_t> tokens = wanted.tokens();
  assert(!this->wanted().is_all() && tokens.data() == this->wanted().tokens().data());
  if (query_offsets_.empty()) {
    query_offsets_.push_back(0);
    auto next = tokens.begin();
    for (int64_t s = 0; s < input().sequences(); ++s) {
      const int64_t first = input().offsets[s], end = input().offsets[s + 1];
      for (; next != tokens.end() && *next < end; ++next) {
        query_places_.push_back(static_cast<int32_t>(*next - first));
      }
      query_offsets_.push_back(std::ssize(query_places_));
    }
  }
  shape.query_offsets = query_offsets_.data();
  shape.query_places = query_places_.data();
}

template <typename T>
void TilePass<T>::set_distances(std::string_view name, int64_t origin,
                                kernels::AttentionTerms<T>& terms) {
  if (name.empty()) return;
  const WeightView<T>& bias = weight(name);
  terms.distance_bias = bias.data;
  terms.distance_grad = bias.grad;
  terms.distance_heads = bias.rows;
  terms.distances = bias.columns;
  terms.distance_origin = origin;
}

template <typename T>
void TilePass<T>::set_times(const TimeTerm& term, const Wanted& wanted,
                            kernels::AttentionTerms<T>& terms) {
  if (term.bias.empty()) return;
  const std::span<const int64_t> times =
      term.query_time == QueryTime::past ? input().times : input().query_times;
  assert(std::ssize(input().times) == input().tokens());
  assert(std::ssize(times) == input().tokens());
  const WeightView<T>& bias = weight(term.bias);
  terms.time_bias = bias.data;
  terms.time_grad = bias.grad;
  terms.time_heads = bias.rows;
  terms.buckets = bias.columns;
  terms.bucket_width = term.bucket_width;
  terms.key_times = input().times.data();
  terms.query_times = times.data();
  if (wanted.is_all()) return;
  auto* asked = arena_.take<int64_t>(std::ssize(wanted.tokens()));
  std::transform(wanted.tokens().begin(), wanted.tokens().end(), asked,
                 [&](int32_t token) { return times[token]; });
  terms.query_times = asked;
}

template <typename T>
Rows TilePass<T>::attention(Rows q, Rows k, Rows v, const AttentionCall& call,
                            const Wanted& wanted) {
  assert(k.count == input().tokens() && v.count == k.count);
  assert(q.width == k.width && v.width == k.width && q.width % call.heads == 0);
  kernels::AttentionShape shape;
  kernels::AttentionArrays<T> arrays{data(q), data(k), data(v)};
  set_queries(wanted, shape);
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
  set_distances(call.distance_bias, call.distance_origin, terms);
  set_times(call.time_term(), wanted, terms);
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

template void TilePass<float>::set_queries(const Wanted&, kernels::AttentionShape&);
template void TilePass<double>::set_queries(const Wanted&, kernels::AttentionShape&);
template void TilePass<float>::set_distances(std::string_view, int64_t,
                                             kernels::AttentionTerms<float>&);
template void TilePass<double>::set_distances(std::string_view, int64_t,
                                              kernels::AttentionTerms<double>&);
template void TilePass<float>::set_times(const TimeTerm&, const Wanted&,
                                         kernels::AttentionTerms<float>&);
template void TilePass<double>::set_times(const TimeTerm&, const Wanted&,
                                          kernels::AttentionTerms<double>&);
template Rows TilePass<float>::attention(Rows, Rows, Rows, const AttentionCall&, const Wanted&);
template Rows TilePass<double>::attention(Rows, Rows, Rows, const AttentionCall&, const Wanted&);

}  // namespace truenext::net
