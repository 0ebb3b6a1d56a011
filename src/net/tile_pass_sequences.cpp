// SPDX-License-Identifier: Apache-2.0
// Operations of TilePass over whole sequences: running mean and transformer block. The recurrent
// ones are in tile_pass_gru.cpp.
#include <algorithm>
#include <cassert>
#include <memory>

#include "net/tape-inl.h"

namespace truenext::net {

template <typename T>
Rows TilePass<T>::keep_wanted(Rows x, const Wanted& wanted) {
  if (wanted.is_all()) return x;
  return gather(x, {wanted.tokens().begin(), wanted.tokens().end()}, Layout::wanted);
}

template <typename T>
Rows TilePass<T>::running_mean(Rows x, const Wanted& wanted) {
  assert(x.count == input().tokens());
  const int64_t width = x.width;
  const std::span<const int64_t> offsets = input().offsets;
  const Rows y = make(x.count, width, Layout::tokens);
  std::fill_n(data(y), y.size(), T(0));
  std::vector<T> sum(static_cast<size_t>(width));
  const auto share = [](int64_t place) { return T(1) / static_cast<T>(place + 1); };
  for (int64_t s = 0; s < input().sequences(); ++s) {
    std::fill(sum.begin(), sum.end(), T(0));
    for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
      kernels::axpy(width, T(1), data(x) + i * width, sum.data());
      kernels::axpy(width, share(i - offsets[s]), sum.data(), data(y) + i * width);
    }
  }
  record([this, x, y, width, offsets, share] {
    std::vector<T> carry(static_cast<size_t>(width));
    const T* g = grad(y);
    T* back = grad(x);
    for (int64_t s = 0; s < input().sequences(); ++s) {
      std::fill(carry.begin(), carry.end(), T(0));
      for (int64_t i = offsets[s + 1]; i-- > offsets[s];) {
        kernels::axpy(width, share(i - offsets[s]), g + i * width, carry.data());
        kernels::axpy(width, T(1), carry.data(), back + i * width);
      }
    }
  });
  return keep_wanted(y, wanted);
}

template <typename T>
Rows TilePass<T>::block(Rows x, const BlockCall& call, const Wanted& wanted) {
  assert(x.count == input().tokens());
  const auto pass = std::make_shared<BlockPass<T>>(*call.style, x.width, call.inner_size);
  BlockShape& shape = pass->shape();
  shape.attention.sequences = input().sequences();
  shape.attention.offsets = input().offsets.data();
  shape.attention.heads = call.heads;
  shape.attention.causal = call.causal;
  shape.attention.max_length = call.padded_length;
  shape.tokens = x.count;
  shape.trains = purpose_.training;
  set_queries(wanted, shape.attention);
  if (!wanted.is_all()) pass->set_wanted(wanted.tokens());
  if (purpose_.training && call.attention_dropout > 0) {
    shape.attention.dropout = mask(call.attention_dropout, Purpose::dropout_attention, call.number);
    shape.attention.streams = input().streams.data();
  }
  if (purpose_.training && call.dropout > 0) {
    const auto drop = [&](Purpose purpose) { return mask(call.dropout, purpose, call.number); };
    if (call.style->post_norm) {
      shape.attention_output = drop(Purpose::dropout_attention_output);
    } else {
      shape.activation = drop(Purpose::dropout_activation);
    }
    shape.output = drop(Purpose::dropout_output);
    const RowKeys& keys = keys_of(layout_of(wanted));
    shape.streams = keys.streams.data();
    shape.rows = keys.from_end.data();
  }
  for (size_t i = 0; i < kBlockTensors; ++i) {
    const bool projection = i == output_weight || i == output_bias;
    if (projection && !call.style->output_projection) continue;
    const WeightView<T>& view = weight(call.name, kBlockTensorNames[i]);
    pass->set_tensor(static_cast<BlockTensor>(i), view.data, view.grad);
  }
  set_distances(call.distance_bias, call.distance_origin, pass->terms());
  set_times(call.time_term(), wanted, pass->terms());
  T* saved = arena_.take<T>(pass->saved_size());  // which settles the number of queries
  const Rows z = make(shape.queries, x.width, layout_of(wanted));
  pass->forward(data(x), data(z), saved);
  record([this, x, z, saved, pass] {
    write_gradient(x, [&](T* to) { pass->backward(data(x), saved, grad(z), to); });
  });
  return z;
}

template Rows TilePass<float>::keep_wanted(Rows, const Wanted&);
template Rows TilePass<double>::keep_wanted(Rows, const Wanted&);
template Rows TilePass<float>::running_mean(Rows, const Wanted&);
template Rows TilePass<double>::running_mean(Rows, const Wanted&);
template Rows TilePass<float>::block(Rows, const BlockCall&, const Wanted&);
template Rows TilePass<double>::block(Rows, const BlockCall&, const Wanted&);

}  // namespace truenext::net
