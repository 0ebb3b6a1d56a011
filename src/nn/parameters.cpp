// SPDX-License-Identifier: Apache-2.0
#include "nn/parameters.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>
#include <stdexcept>

namespace truenext {
namespace {

template <typename Draw>
void fill(Parameter& parameter, uint64_t seed, uint64_t number, Draw draw) {
  RandomStream random(random_key(seed, Purpose::initialise, number));
  const int64_t columns = parameter.shape.size() > 1 ? parameter.shape[1] : 1;
  for (int64_t i = 0; i < parameter.kept.begin * columns; ++i) draw(random);  // other processes'
  float* values = parameter.value.data_ptr<float>();
  const int64_t size = parameter.value.numel();
  for (int64_t i = 0; i < size; ++i) values[i] = static_cast<float>(draw(random));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

int64_t numbers_in(const Parameter& parameter) {
  return std::accumulate(parameter.shape.begin(), parameter.shape.end(), int64_t{1},
                         std::multiplies<>());
}

}  // namespace

ParameterSet::ParameterSet(const std::vector<TensorInfo>& tensors,
                           const std::vector<std::string>& tables)
    : ParameterSet(tensors, tables, {}, {}) {}

ParameterSet::ParameterSet(const std::vector<TensorInfo>& tensors,
                           const std::vector<std::string>& tables,
                           const std::vector<std::string>& item_tables, RowRange kept) {
  for (const TensorInfo& info : tensors) {
    Parameter& parameter = parameters_.emplace_back();
    parameter.name = info.name;
    parameter.kind = contains(tables, info.name) ? ParameterKind::table : ParameterKind::dense;
    parameter.shape = info.shape;
    parameter.kept = contains(item_tables, info.name) ? kept : RowRange{0, info.shape[0]};
    std::vector<int64_t> here = info.shape;
    here[0] = parameter.kept.size();
    parameter.value = at::zeros(here, at::kFloat);
  }
}

int64_t ParameterSet::index(const std::string& name) const {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].name == name) return static_cast<int64_t>(i);
  }
  throw std::logic_error("no parameter named " + name);
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
    map[parameter.name] = {parameter.value.sizes().vec(), parameter.value.data_ptr<float>()};
  }
  return map;
}

void ParameterSet::convert(const at::TensorOptions& options) {
  for (Parameter& parameter : parameters_) {
    parameter.value = parameter.value.to(options).contiguous();
  }
}

void fill_uniform(Parameter& parameter, uint64_t seed, uint64_t number, double low, double high) {
  fill(parameter, seed, number,
       [=](RandomStream& random) { return low + (high - low) * random.uniform(); });
}

void fill_normal(Parameter& parameter, uint64_t seed, uint64_t number, double deviation) {
  fill(parameter, seed, number, [=](RandomStream& random) { return deviation * random.normal(); });
}

}  // namespace truenext
