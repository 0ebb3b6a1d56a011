// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "net/model.h"
#include "train/steps/tile_step.h"

namespace truenext::test {

/// The gradient of a parameter, dense.
template <typename T>
std::vector<double> gradient_of(const Model& model, int64_t index, TileGradients<T>& gradients) {
  const Parameter& parameter = model.parameters()[index];
  const std::span<const T> values =
      parameter.is_table() ? gradients.tables[index].make_dense() : gradients.of(parameter);
  return {values.begin(), values.end()};
}

}  // namespace truenext::test
