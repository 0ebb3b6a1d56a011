// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "batch/batch.h"
#include "net/model.h"
#include "net/tile_pass.h"
#include "objectives/objective.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// What a tile, or a sum of tiles, gives back.
template <typename T>
struct TileGradients {
  double loss = 0;
  /// Of all dense parameters, one after the other (Parameter::dense_begin).
  AlignedVector<T> dense;
  /// Indexed like the model's parameters, empty for dense ones; has the rows and columns that a
  /// tile finds (Parameter::readable), also of what is composed in the place of a dense one; behind
  /// them ParameterSet::units(), until hand_back().
  std::vector<TableGradient<T>> tables;
  /// Of a loss that is made for all tiles together (PhasedSum): its part of the output table's
  /// gradient, [items, dim]; else empty. Added to the table's once all ranks' are summed, so that
  /// the order of additions does not depend on who had which tiles.
  TableGradient<T> catalogue;

  TileGradients() = default;
  /// No gradients yet, shaped like the parameters.
  explicit TileGradients(const ParameterSet& parameters);

  /// Of a dense parameter.
  std::span<T> of(const Parameter& parameter);
  /// this += other, consuming it.
  void add(TileGradients&& other);
};

/// Which random numbers a step uses and what its loss is divided by.
struct StepContext {
  uint64_t seed = 0;
  uint64_t step = 0;
  int64_t divisor = 0;  ///< of the batch's loss
};

/// Forward and backward pass of the network over one tile. It holds the arena as long as it lives.
/// T is float, or double in gradient checks.
template <typename T>
class TileStep {
 public:
  /// `weights` are the model's parameters, of which only names and shapes are read otherwise.
  TileStep(const Model& model, const WeightViews<T>& weights, const Tile& tile,
           const net::PassPurpose& purpose, net::Arena& arena = net::thread_arena());
  /// The same over any input.
  TileStep(const Model& model, const WeightViews<T>& weights, const net::Input& input,
           const net::PassPurpose& purpose, net::Arena& arena = net::thread_arena());

  /// [rows, dim]: a state for every token of the tile or, where fewer tokens have a query, for
  /// those that have: what nobody asks for is not computed.
  const T* states() const { return pass_.values(states_); }
  int64_t rows() const { return states_.count; }
  bool by_query() const { return !pass_.wanted().is_all(); }
  int64_t dim() const { return states_.width; }
  TileGradients<T>& gradients() { return gradients_; }

  net::Rows state_rows() const { return states_; }

  /// Room for the gradient of the states, contents undefined.
  T* take_state_grad() { return take_gradient(states_); }
  /// Likewise of other rows of the pass.
  T* take_gradient(net::Rows rows) { return arena_.take<T>(rows.size()); }
  /// From the gradient of the states, which is used up, back to those of all weights. Once.
  void backward(T* state_grad);
  /// The same from the gradients of several rows.
  void backward(std::span<const net::RowsGradient<T>> gradients) { pass_.backward(gradients); }
  /// What a loss needs beside the states is computed by it; has the rows that were looked up after
  /// backward().
  net::TilePass<T>& pass() { return pass_; }
  /// Adds the gradients of looked-up rows to their tables: the end of a step. Apart from
  /// backward(), so that tests can do as originals whose padding row gets no gradient.
  void add_lookups();

 private:
  WeightViews<T> with_gradients(const ParameterSet& parameters, WeightViews<T> weights);

  net::Arena& arena_;
  TileGradients<T> gradients_;
  WeightViews<T> weights_;
  net::TilePass<T> pass_;
  net::Rows states_;
};

/// The whole network on one tile: forward, loss, backward, on the calling thread.
template <typename T>
TileGradients<T> run_tile(const Model& model, const WeightViews<T>& weights,
                          const Objective& objective, const Tile& tile, const StepContext& context);

extern template struct TileGradients<float>;
extern template struct TileGradients<double>;
extern template class TileStep<float>;
extern template class TileStep<double>;

}  // namespace truenext
