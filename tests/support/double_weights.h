// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "net/parameters.h"

namespace truenext::test {

/// A double for every number of a ParameterSet, which must outlive it: weights to differentiate at,
/// or the gradients of such.
class DoubleWeights {
 public:
  /// The values of the parameters.
  explicit DoubleWeights(const ParameterSet& parameters) : parameters_(&parameters) {
    for (int64_t i = 0; i < parameters.size(); ++i) {
      const Tensor& value = parameters[i].value;
      values_.emplace_back(value.data(), value.data() + value.size());
    }
  }
  static DoubleWeights zeros(const ParameterSet& parameters) {
    DoubleWeights weights(parameters);
    for (std::vector<double>& values : weights.values_) std::fill(values.begin(), values.end(), 0);
    return weights;
  }

  std::vector<double>& operator[](int64_t parameter) { return values_[parameter]; }
  const std::vector<double>& operator[](int64_t parameter) const { return values_[parameter]; }
  std::vector<double>& get(std::string_view name) { return values_[parameters_->index(name)]; }

  /// What a pass reads, without gradients; borrowed.
  WeightViews<double> views() const {
    WeightViews<double> views;
    for (size_t i = 0; i < values_.size(); ++i) {
      const std::vector<int64_t>& shape = (*parameters_)[static_cast<int64_t>(i)].value.shape;
      views.push_back(WeightView<double>::of(shape, values_[i].data()));
    }
    return views;
  }
  /// The same, with the gradients of all but tables added to `gradients`.
  WeightViews<double> views(DoubleWeights& gradients) const {
    WeightViews<double> both = views();
    for (size_t i = 0; i < both.size(); ++i) {
      const auto index = static_cast<int64_t>(i);
      if (!(*parameters_)[index].is_table()) both[i].grad = gradients[index].data();
    }
    return both;
  }

 private:
  const ParameterSet* parameters_;
  std::vector<std::vector<double>> values_;
};

}  // namespace truenext::test
