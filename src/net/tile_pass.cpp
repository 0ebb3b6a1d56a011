// SPDX-License-Identifier: Apache-2.0
// The tape: memory, gradients, and the operations that read parameters. The other operations are in
// tile_pass_*.cpp.
#include "net/tile_pass.h"

#include <algorithm>
#include <cassert>

#include "kernels/overloads.h"
#include "net/tape-inl.h"

namespace truenext::net {

template <typename T>
TilePass<T>::TilePass(const TensorNames& names, const WeightViews<T>& weights, const Input& input,
                      const PassPurpose& purpose, Arena& arena)
    : Ops(input), names_(names), weights_(weights), purpose_(purpose), arena_(arena) {
  nodes_.reserve(32);
}

template <typename T>
void TilePass<T>::backward(std::span<const RowsGradient<T>> gradients) {
  assert(purpose_.training);
  for (const RowsGradient<T>& given : gradients) {
    Node& node = nodes_[given.rows.id];
    if (node.grad == nullptr) {
      node.grad = given.gradient;
    } else {
      kernels::axpy(given.rows.size(), T(1), given.gradient, node.grad);
    }
  }
  for (size_t i = steps_.size(); i-- > 0;) steps_[i]();
  steps_.clear();
}

template <typename T>
T* TilePass<T>::grad(Rows x) {
  Node& node = nodes_[x.id];
  if (node.grad == nullptr) {
    node.grad = arena_.take<T>(x.size());
    std::fill_n(node.grad, x.size(), T(0));
  }
  return node.grad;
}

template <typename T>
const WeightView<T>& TilePass<T>::weight(std::string_view name, std::string_view end) {
  name_.assign(name).append(end);
  return weight(name_);
}

template <typename T>
Rows TilePass<T>::make(int64_t count, int64_t width, Layout layout) {
  nodes_.push_back({arena_.take<T>(count * width)});
  return {static_cast<int32_t>(nodes_.size()) - 1, count, width, layout};
}

template <typename T>
Rows TilePass<T>::copy(Rows x) {
  const Rows y = make(x.count, x.width, x.layout);
  std::copy_n(data(x), x.size(), data(y));
  return y;
}

template <typename T>
void TilePass<T>::hand_on(T* gradient, Rows x) {
  Node& to = nodes_[x.id];
  if (to.grad == nullptr) {
    to.grad = gradient;
  } else {
    kernels::axpy(x.size(), T(1), gradient, to.grad);
  }
}

template <typename T>
kernels::Dropout TilePass<T>::mask(double rate, Purpose purpose, int64_t number) const {
  if (!purpose_.training || rate <= 0) return {};
  return kernels::Dropout::with_rate(
      rate, random_key(purpose_.seed, purpose, purpose_.step, static_cast<uint64_t>(number)));
}

template <typename T>
const typename TilePass<T>::RowKeys& TilePass<T>::keys_of(Layout layout) {
  assert(layout != Layout::other);
  const Input& in = input();
  RowKeys& all = token_keys_;
  if (all.streams.empty()) {
    all.streams.reserve(in.items.size());
    all.from_end.reserve(in.items.size());
    for (int64_t s = 0; s < in.sequences(); ++s) {
      for (int64_t i = in.offsets[s + 1] - in.offsets[s]; i > 0; --i) {
        all.streams.push_back(in.streams[s]);
        all.from_end.push_back(static_cast<int32_t>(i - 1));
      }
    }
  }
  if (layout == Layout::tokens || wanted().is_all()) return all;
  RowKeys& some = wanted_keys_;
  if (some.streams.empty()) {
    for (const int32_t token : wanted().tokens()) {
      some.streams.push_back(all.streams[token]);
      some.from_end.push_back(all.from_end[token]);
    }
  }
  return some;
}

template <typename T>
Rows TilePass<T>::lookup(std::string_view table, Ids ids, Layout layout) {
  const int64_t number = names_.index(table);
  const WeightView<T>& from = weights_[number];
  if (from.held != nullptr) {
    for (int32_t& id : ids) id = from.held->place(id);
  }
  const Rows y = make(static_cast<int64_t>(ids.size()), from.columns, layout);
  T* to = data(y);
  for (const int32_t id : ids) {
    std::copy_n(from.data + id * from.columns, from.columns, to);
    to += from.columns;
  }
  if (purpose_.training) lookups_.push_back({number, std::move(ids), y});
  return y;
}

template <typename T>
Rows TilePass<T>::parameter(std::string_view name) {
  const WeightView<T>& from = weight(name);
  const Rows y = make(from.rows, from.columns, Layout::other);
  std::copy_n(from.data, y.size(), data(y));
  record([this, y, &from] { kernels::axpy(y.size(), T(1), grad(y), from.grad); });
  return y;
}

template <typename T>
Rows TilePass<T>::linear(Rows x, std::string_view name, bool bias) {
  const WeightView<T>& w = weight(name, ".weight");
  const WeightView<T>* b = bias ? &weight(name, ".bias") : nullptr;
  const Rows y = make(x.count, w.rows, x.layout);
  kernels::gemm_nt(x.count, w.rows, x.width, data(x), x.width, w.data, x.width, data(y), w.rows,
                   false);
  if (b) kernels::add_bias(x.count, w.rows, b->data, kernels::Activation::none, data(y));
  record([this, x, y, &w, b] {
    const T* g = grad(y);
    add_product(x, [&](T* to, bool accumulate) {
      kernels::gemm_nn(x.count, x.width, w.rows, g, w.rows, w.data, x.width, to, x.width,
                       accumulate);
    });
    kernels::gemm_tn(w.rows, x.width, x.count, g, w.rows, data(x), x.width, w.grad, x.width, true);
    if (b) kernels::add_column_sums(x.count, w.rows, g, b->grad);
  });
  return y;
}

template <typename T>
WeightView<T> TilePass<T>::constant(int64_t width, T value) {
  T* numbers = arena_.take<T>(2 * width);
  std::fill_n(numbers, width, value);
  std::fill_n(numbers + width, width, T(0));
  return {numbers, 1, width, numbers + width};
}

template <typename T>
Rows TilePass<T>::layer_norm(Rows x, std::string_view name, double epsilon) {
  const WeightView<T> w = name.empty() ? constant(x.width, T(1)) : weight(name, ".weight");
  const WeightView<T> b = name.empty() ? constant(x.width, T(0)) : weight(name, ".bias");
  const Rows y = make(x.count, x.width, x.layout);
  T* mean = purpose_.training ? arena_.take<T>(x.count) : nullptr;
  T* rstd = purpose_.training ? arena_.take<T>(x.count) : nullptr;
  kernels::layer_norm(x.count, x.width, data(x), w.data, b.data, static_cast<T>(epsilon), data(y),
                      mean, rstd);
  record([this, x, y, w, b, mean, rstd] {
    write_gradient(x, [&](T* to) {
      kernels::layer_norm_backward(x.count, x.width, data(x), w.data, mean, rstd, grad(y), to,
                                   w.grad, b.grad);
    });
  });
  return y;
}

template class TilePass<float>;
template class TilePass<double>;

}  // namespace truenext::net
