// SPDX-License-Identifier: Apache-2.0
#include "train/steps/tile_step.h"

#include <utility>

#include "kernels/overloads.h"
#include "net/composed_tables.h"

namespace truenext {
namespace {

net::Arena& emptied(net::Arena& arena) {
  arena.reset();
  return arena;
}

net::Input input_of(const Tile& tile) {
  const int64_t queries = tile.targets.size();
  const bool some = queries > 0 && queries < tile.tokens();
  const auto wanted = some ? net::Wanted::list(tile.targets.rows) : net::Wanted::all();
  return {tile.sequences.values,
          tile.sequences.offsets,
          tile.streams,
          wanted,
          tile.times,
          tile.query_times,
          tile.hidden};
}

}  // namespace

template <typename T>
TileGradients<T>::TileGradients(const ParameterSet& parameters)
    : dense(static_cast<size_t>(parameters.dense_size()), T(0)) {
  tables.reserve(static_cast<size_t>(parameters.size()));
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (parameter.is_table() || parameter.composed) {
      const Tensor& read = parameter.readable();
      tables.emplace_back(read.rows(), read.width(), parameter.shape[0]);
    } else {
      tables.emplace_back();
    }
  }
  if (const auto& units = parameters.units()) {
    const int64_t items = parameters[parameters.index(kInputTable)].shape[0];
    tables.emplace_back(units->rows(), units->width(), items);
  }
}

template <typename T>
std::span<T> TileGradients<T>::of(const Parameter& parameter) {
  return std::span(dense).subspan(static_cast<size_t>(parameter.dense_begin),
                                  static_cast<size_t>(parameter.value.size()));
}

template <typename T>
void TileGradients<T>::add(TileGradients&& other) {
  loss += other.loss;
  kernels::axpy(static_cast<int64_t>(dense.size()), T(1), other.dense.data(), dense.data());
  for (size_t i = 0; i < tables.size(); ++i) tables[i].add(std::move(other.tables[i]));
  catalogue.add(std::move(other.catalogue));
}

template <typename T>
TileStep<T>::TileStep(const Model& model, const WeightViews<T>& weights, const Tile& tile,
                      const net::PassPurpose& purpose, net::Arena& arena)
    : TileStep(model, weights, input_of(tile), purpose, arena) {}

template <typename T>
TileStep<T>::TileStep(const Model& model, const WeightViews<T>& weights, const net::Input& input,
                      const net::PassPurpose& purpose, net::Arena& arena)
    : arena_(emptied(arena)),
      gradients_(model.parameters()),
      weights_(with_gradients(model.parameters(), weights)),
      pass_(model.parameters().names(), weights_, input, purpose, arena_),
      states_(run_network(model.network(), pass_, model.options())) {}

template <typename T>
WeightViews<T> TileStep<T>::with_gradients(const ParameterSet& parameters, WeightViews<T> weights) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (parameter.is_table() || parameter.composed) continue;
    weights[i].grad = gradients_.of(parameter).data();
  }
  return weights;
}

template <typename T>
void TileStep<T>::backward(T* state_grad) {
  const net::RowsGradient<T> given{states_, state_grad};
  pass_.backward(std::span(&given, 1));
}

template <typename T>
void TileStep<T>::add_lookups() {
  for (const net::Lookup& lookup : pass_.lookups()) {
    const T* rows = pass_.gradient(lookup);
    if (rows) gradients_.tables[lookup.table].add_rows(lookup.ids, rows);
  }
}

template <typename T>
TileGradients<T> run_tile(const Model& model, const WeightViews<T>& weights,
                          const Objective& objective, const Tile& tile,
                          const StepContext& context) {
  TileStep<T> step(model, weights, tile, {true, context.seed, context.step});
  const int64_t output = model.score_table();
  ObjectiveInput<T> input;
  input.states = step.states();
  input.by_query = step.by_query();
  input.table = weights[output].data;
  input.held = weights[output].held;
  input.dim = step.dim();
  input.tile = &tile;
  input.divisor = context.divisor;
  input.seed = context.seed;
  input.step = context.step;
  input.temperature = objective.options().temperature;
  TileGradients<T>& gradients = step.gradients();
  T* state_grad = step.take_state_grad();
  gradients.loss = objective.evaluate(input, state_grad, gradients.tables[output]);
  step.backward(state_grad);
  step.add_lookups();
  return std::move(gradients);
}

template struct TileGradients<float>;
template struct TileGradients<double>;
template class TileStep<float>;
template class TileStep<double>;
template TileGradients<float> run_tile(const Model&, const WeightViews<float>&, const Objective&,
                                       const Tile&, const StepContext&);
template TileGradients<double> run_tile(const Model&, const WeightViews<double>&, const Objective&,
                                        const Tile&, const StepContext&);

}  // namespace truenext
