// SPDX-License-Identifier: Apache-2.0
#include "net/parameters.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>

namespace truenext {
namespace {

/// Gradients of dense parameters begin at multiples of this many numbers, a cache line.
constexpr int64_t kDenseAlign = 16;

int64_t numbers_in(const Parameter& parameter) {
  return std::accumulate(parameter.shape.begin(), parameter.shape.end(), int64_t{1},
                         std::multiplies<>());
}

}  // namespace

ParameterSet::ParameterSet(const std::vector<TensorInfo>& tensors, std::optional<RowRange> kept)
    : names_(tensors) {
  for (const TensorInfo& info : tensors) {
    Parameter& parameter = parameters_.emplace_back();
    parameter.name = info.name;
    parameter.start = info.start;
    parameter.fan_in = info.fan_in;
    parameter.shape = info.shape;
    const bool items = info.name == kInputTable || info.name == kOutputTable;
    parameter.kept = items && kept ? *kept : RowRange{0, info.shape[0]};
    std::vector<int64_t> here = info.shape;
    here[0] = parameter.kept.size();
    parameter.value = Tensor(std::move(here));
    if (parameter.is_table()) continue;
    parameter.dense_begin = dense_size_;
    dense_size_ += (numbers_in(parameter) + kDenseAlign - 1) / kDenseAlign * kDenseAlign;
  }
}

int64_t ParameterSet::count() const {
  int64_t total = 0;
  for (const Parameter& parameter : parameters_) total += numbers_in(parameter);
  return total;
}

bool ParameterSet::divided() const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [](const Parameter& parameter) { return parameter.divided(); });
}

TensorMap ParameterSet::views() const {
  assert(!divided());
  TensorMap map;
  for (const Parameter& parameter : parameters_) {
    map[parameter.name] = {parameter.value.shape, parameter.value.data()};
  }
  return map;
}

WeightViews<float> ParameterSet::readable() const {
  WeightViews<float> views;
  views.reserve(parameters_.size() + 1);
  for (const Parameter& parameter : parameters_) {
    const Tensor& tensor = parameter.readable();
    views.push_back(WeightView<float>::of(tensor.shape, tensor.data()));
    if (parameter.fetched) views.back().held = &parameter.fetched->numbers;
  }
  if (units_) {
    views.push_back(WeightView<float>::of(units_->shape, units_->data()));
    const int64_t own = names_.find(kOutputTable);
    const Parameter& table = (*this)[own >= 0 ? own : names_.index(kInputTable)];
    if (table.fetched) views.back().held = &table.fetched->numbers;
  }
  return views;
}

WeightViews<float> ParameterSet::trained() const {
  WeightViews<float> views;
  views.reserve(parameters_.size());
  for (const Parameter& parameter : parameters_) {
    views.push_back(WeightView<float>::of(parameter.value.shape, parameter.value.data()));
  }
  return views;
}

}  // namespace truenext
