// SPDX-License-Identifier: Apache-2.0
#include "net/tensors.h"

#include <functional>
#include <numeric>
#include <utility>

namespace truenext {
namespace {

int64_t product(const std::vector<int64_t>& extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

int64_t TensorView::size() const {
  return product(shape);
}

Tensor::Tensor(std::vector<int64_t> extents)
    : shape(std::move(extents)), values(static_cast<size_t>(product(shape)), 0.0f) {}

int64_t Tensor::width() const {
  return shape.size() > 1 ? shape.back() : 1;
}

void add_linear(std::vector<TensorInfo>& tensors, const std::string& prefix, int64_t out,
                int64_t in, Start bias) {
  tensors.push_back({prefix + ".weight", {out, in}, Start::matrix});
  tensors.push_back({prefix + ".bias", {out}, bias, in});
}

void add_norm(std::vector<TensorInfo>& tensors, const std::string& prefix, int64_t width) {
  tensors.push_back({prefix + ".weight", {width}, Start::one});
  tensors.push_back({prefix + ".bias", {width}, Start::zero});
}

}  // namespace truenext
