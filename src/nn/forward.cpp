// SPDX-License-Identifier: Apache-2.0
#include "nn/forward.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>

namespace upnext {
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
  for (int64_t s = 0; s < tile.sequences.size(); ++s) {
    for (int64_t i = tile.sequences.row_size(s); i > 0; --i) {
      from_end_.push_back(static_cast<int32_t>(i - 1));
    }
  }
}

at::Tensor Forward::lookup(const std::string& table, std::vector<int32_t> ids) {
  const int64_t index = parameters_.index(table);
  const at::Tensor& value = parameters_[index].value;
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
  const int64_t dim = x.size(1);
  at::Tensor factors = at::empty(x.sizes(), at::kFloat);
  float* out = factors.data_ptr<float>();
  int64_t token = 0;
  for (int64_t s = 0; s < tile_.sequences.size(); ++s) {
    for (int64_t i = 0; i < tile_.sequences.row_size(s); ++i, ++token) {
      kernels::dropout_factors(dropout, tile_.streams[s], static_cast<uint32_t>(from_end_[token]),
                               dim, out + token * dim);
    }
  }
  return x * factors.to(x.scalar_type());
}

}  // namespace upnext
