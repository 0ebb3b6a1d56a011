// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/overloads.h"
#include "net/tile_pass.h"

// How gradients reach rows; for the sources of TilePass only.
namespace truenext::net {

template <typename T>
template <typename Write>
void TilePass<T>::write_gradient(Rows x, const Write& write) {
  Node& node = nodes_[x.id];
  T* to = arena_.take<T>(x.size());
  write(to);
  if (node.grad == nullptr) {
    node.grad = to;
  } else {
    kernels::axpy(x.size(), T(1), to, node.grad);
  }
}

template <typename T>
template <typename Multiply>
void TilePass<T>::add_product(Rows x, const Multiply& multiply) {
  Node& node = nodes_[x.id];
  const bool accumulate = node.grad != nullptr;
  if (!accumulate) node.grad = arena_.take<T>(x.size());
  multiply(node.grad, accumulate);
}

}  // namespace truenext::net
