// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "batch/batch.h"
#include "models/model.h"
#include "nn/forward.h"
#include "objectives/objective.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// What a tile, or a sum of tiles, gives back. Indexed like the model's parameters: dense[i] is
/// undefined for tables and for weights that took no part, tables[i] is empty for dense ones and
/// has the rows that a tile finds (Parameter::readable).
template <typename T>
struct TileGradients {
  double loss = 0;
  std::vector<at::Tensor> dense;
  std::vector<TableGradient<T>> tables;

  /// this += other, consuming it.
  void add(TileGradients&& other);
};

/// Which random numbers a step uses and what its loss is divided by.
struct StepContext {
  uint64_t seed = 0;
  uint64_t step = 0;
  int64_t divisor = 0;  ///< of the batch's loss
};

/// The parts of run_tile(), for callers with a loss of their own (tests of golden steps): no
/// gradients yet, shaped like the parameters.
template <typename T>
TileGradients<T> no_gradients(const ParameterSet& parameters);
/// From the gradient of the states back through the network: sets the gradients of the weights it
/// used and returns those of the rows it looked up, one [ids, dim] for each of forward.lookups().
template <typename T>
std::vector<at::Tensor> back_propagate(Forward& forward, const at::Tensor& states,
                                       const at::Tensor& state_grad, TileGradients<T>& gradients);
/// Adds what back_propagate() returned to the rows' tables.
template <typename T>
void add_lookups(const Forward& forward, const std::vector<at::Tensor>& row_grads,
                 TileGradients<T>& gradients);

/// The whole network on one tile: forward, loss, backward, on the calling thread. T is the scalar
/// type of the model's parameters: float, or double in gradient checks.
template <typename T>
TileGradients<T> run_tile(const Model& model, const Objective& objective, const Tile& tile,
                          const StepContext& context);

extern template struct TileGradients<float>;
extern template struct TileGradients<double>;

}  // namespace truenext
