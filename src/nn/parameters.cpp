// SPDX-License-Identifier: Apache-2.0
#include "nn/parameters.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <stdexcept>

namespace upnext {
namespace {

template <typename Draw>
void fill(at::Tensor& tensor, uint64_t seed, uint64_t number, Draw draw) {
  RandomStream random(random_key(seed, Purpose::initialise, number));
  float* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(draw(random));
}

}  // namespace

ParameterSet::ParameterSet(const std::vector<TensorInfo>& tensors,
                           const std::vector<std::string>& tables) {
  for (const TensorInfo& info : tensors) {
    const bool table = std::find(tables.begin(), tables.end(), info.name) != tables.end();
    parameters_.push_back({info.name, at::zeros(info.shape, at::kFloat),
                           table ? ParameterKind::table : ParameterKind::dense});
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
  for (const Parameter& parameter : parameters_) total += parameter.value.numel();
  return total;
}

TensorMap ParameterSet::views() const {
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

void fill_uniform(at::Tensor& tensor, uint64_t seed, uint64_t number, double low, double high) {
  fill(tensor, seed, number,
       [=](RandomStream& random) { return low + (high - low) * random.uniform(); });
}

void fill_normal(at::Tensor& tensor, uint64_t seed, uint64_t number, double deviation) {
  fill(tensor, seed, number, [=](RandomStream& random) { return deviation * random.normal(); });
}

}  // namespace upnext
