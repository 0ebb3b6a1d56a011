// SPDX-License-Identifier: Apache-2.0
#include "models/initialise.h"

#include <ATen/Functions.h>

#include <cmath>
#include <stdexcept>
#include <string_view>

namespace truenext {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Fan-in of the matrix that a bias belongs to.
int64_t fan_in(const ParameterSet& parameters, int64_t index) {
  const at::Tensor& value = parameters[index].value;
  if (value.dim() == 2) return value.size(1);
  for (int64_t i = index; i-- > 0;) {  // a bias stands directly behind its matrix
    if (parameters[i].value.dim() == 2) return parameters[i].value.size(1);
  }
  throw std::logic_error("bias without a matrix: " + parameters[index].name);
}

void start_matrix(Parameter& parameter, const std::string& init, uint64_t seed, uint64_t number) {
  const double rows = static_cast<double>(parameter.shape[0]);
  const double columns = static_cast<double>(parameter.shape[1]);
  const bool table = parameter.kind == ParameterKind::table;
  if (init == "normal-0.02") {
    fill_normal(parameter, seed, number, 0.02);
  } else if (init == "xavier-normal") {
    fill_normal(parameter, seed, number, std::sqrt(2.0 / (rows + columns)));
  } else if (init == "torch") {
    if (table) {
      fill_normal(parameter, seed, number, 1.0);
    } else {
      const double bound = 1.0 / std::sqrt(columns);
      fill_uniform(parameter, seed, number, -bound, bound);
    }
  } else {
    const double bound = table ? 0.05 : std::sqrt(6.0 / (rows + columns));
    fill_uniform(parameter, seed, number, -bound, bound);
  }
}

bool bias_starts_at_zero(const std::string& init, std::string_view name) {
  if (init == "torch") return false;
  if (init != "xavier-normal") return true;
  return contains(name, "query") || contains(name, "key") || contains(name, "value") ||
         contains(name, "output");
}

}  // namespace

void initialise_parameters(ParameterSet& parameters, const ModelOptions& options, uint64_t seed) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = parameters[i];
    const bool norm = contains(parameter.name, "norm.");
    const auto number = static_cast<uint64_t>(i);
    if (norm) {
      parameter.value.detach().fill_(contains(parameter.name, ".weight") ? 1.0 : 0.0);
    } else if (parameter.value.dim() == 2) {
      start_matrix(parameter, options.init, seed, number);
    } else if (bias_starts_at_zero(options.init, parameter.name)) {
      parameter.value.detach().zero_();
    } else {
      const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in(parameters, i)));
      fill_uniform(parameter, seed, number, -bound, bound);
    }
  }
}

}  // namespace truenext
