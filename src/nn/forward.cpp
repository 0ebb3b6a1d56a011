// SPDX-License-Identifier: Apache-2.0
#include "nn/forward.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>

namespace truenext {
namespace {

template <typename T>
void copy_rows(const at::Tensor& table, const std::vector<int32_t>& ids, at::Tensor& out) {
  const int64_t dim = table.size(1);
  const T* from = table.data_ptr<T>();
  T* to = out.data_ptr<T>();
  for (size_t i = 0; i < ids.size(); ++i) std::copy_n(from + ids[i] * dim, dim, to + i * dim);
}

}  // namespace

Forward::Forward(const ParameterSet& parameters, const Tile& tile, bool training, uint64_t seed,
                 uint64_t step)
    : parameters_(parameters), tile_(tile), training_(training), seed_(seed), step_(step) {
  from_end_.reserve(static_cast<size_t>(tile.tokens()));
  token_streams_.reserve(from_end_.capacity());
  for (int64_t s = 0; s < tile.sequences.size(); ++s) {
    for (int64_t i = tile.sequences.row_size(s); i > 0; --i) {
      from_end_.push_back(static_cast<int32_t>(i - 1));
      token_streams_.push_back(training ? tile.streams[s] : 0);
    }
  }
}

at::Tensor Forward::weight(const std::string& name) {
  const int64_t index = parameters_.index(name);
  for (const Leaf& leaf : leaves_) {
    if (leaf.parameter == index) return leaf.value;
  }
  at::Tensor value = parameters_[index].value.detach().set_requires_grad(training_);
  leaves_.push_back({index, value});
  return value;
}

at::Tensor Forward::lookup(const std::string& table, std::vector<int32_t> ids) {
  const int64_t index = parameters_.index(table);
  const Parameter& parameter = parameters_[index];
  if (parameter.fetched) {
    for (int32_t& id : ids) id = parameter.fetched->numbers.place(id);
  }
  const at::Tensor& value = parameter.readable();
  at::Tensor rows = at::empty({static_cast<int64_t>(ids.size()), value.size(1)}, value.options());
  if (value.scalar_type() == at::kDouble) {
    copy_rows<double>(value, ids, rows);
  } else {
    copy_rows<float>(value, ids, rows);
  }
  if (training_) {
    rows.set_requires_grad(true);
    lookups_.push_back({index, std::move(ids), rows});
  }
  return rows;
}

kernels::Dropout Forward::kernel_dropout(double rate, Purpose purpose, int64_t layer) const {
  if (!training_ || rate <= 0) return {};
  return kernels::Dropout::with_rate(
      rate, random_key(seed_, purpose, step_, static_cast<uint64_t>(layer)));
}

at::Tensor Forward::dropout(const at::Tensor& x, double rate, Purpose purpose, int64_t layer) {
  const kernels::Dropout dropout = kernel_dropout(rate, purpose, layer);
  if (!dropout.active()) return x;
  at::Tensor factors = at::ones(x.sizes(), at::kFloat);
  kernels::dropout_rows(dropout, x.size(0), x.size(1), token_streams_.data(), from_end_.data(),
                        factors.data_ptr<float>());
  return x * factors.to(x.scalar_type());
}

}  // namespace truenext
