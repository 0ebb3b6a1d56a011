// SPDX-License-Identifier: Apache-2.0
#include "train/tile_step.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

namespace truenext {
template <typename T>
void TileGradients<T>::add(TileGradients&& other) {
  loss += other.loss;
  for (size_t i = 0; i < dense.size(); ++i) {
    if (!other.dense[i].defined()) continue;
    if (dense[i].defined()) {
      dense[i].add_(other.dense[i]);
    } else {
      dense[i] = std::move(other.dense[i]);
    }
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    tables[i].add(std::move(other.tables[i]));
  }
}

template <typename T>
TileGradients<T> no_gradients(const ParameterSet& parameters) {
  TileGradients<T> result;
  result.dense.resize(static_cast<size_t>(parameters.size()));
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    const bool table = parameter.kind == ParameterKind::table;
    result.tables.emplace_back(table ? parameter.readable().size(0) : 0,
                               table ? parameter.shape[1] : 0, table ? parameter.shape[0] : 0);
  }
  return result;
}

template <typename T>
std::vector<at::Tensor> back_propagate(Forward& forward, const at::Tensor& states,
                                       const at::Tensor& state_grad, TileGradients<T>& gradients) {
  std::vector<at::Tensor> inputs;
  for (const Leaf& leaf : forward.leaves()) inputs.push_back(leaf.value);
  for (const Lookup& lookup : forward.lookups()) inputs.push_back(lookup.rows);
  std::vector<at::Tensor> grads =
      torch::autograd::grad({states}, inputs, {state_grad}, /*retain_graph=*/false,
                            /*create_graph=*/false, /*allow_unused=*/true);
  size_t next = 0;
  for (const Leaf& leaf : forward.leaves()) gradients.dense[leaf.parameter] = grads[next++];
  grads.erase(grads.begin(), grads.begin() + static_cast<int64_t>(next));
  for (at::Tensor& grad : grads) grad = grad.contiguous();
  return grads;
}

template <typename T>
void add_lookups(const Forward& forward, const std::vector<at::Tensor>& row_grads,
                 TileGradients<T>& gradients) {
  for (size_t i = 0; i < row_grads.size(); ++i) {
    const Lookup& lookup = forward.lookups()[i];
    gradients.tables[lookup.parameter].add_rows(lookup.ids, row_grads[i].data_ptr<T>());
  }
}

template <typename T>
TileGradients<T> run_tile(const Model& model, const Objective& objective, const Tile& tile,
                          const StepContext& context) {
  thread_local const bool single_threaded = [] {
    at::set_num_threads(1);  // a tile belongs to one worker; nothing inside it may fan out
    return true;
  }();
  static_cast<void>(single_threaded);

  const ParameterSet& parameters = model.parameters();
  TileGradients<T> result = no_gradients<T>(parameters);
  Forward forward(parameters, tile, /*training=*/true, context.seed, context.step);
  const at::Tensor states = model.encode(forward).contiguous();
  at::Tensor state_grad = at::empty_like(states, states.options().requires_grad(false));
  const int64_t output = model.output_table();
  const Parameter& table = parameters[output];
  ObjectiveInput<T> input;
  input.states = states.data_ptr<T>();
  input.table = table.readable().template data_ptr<T>();
  input.held = table.fetched ? &table.fetched->numbers : nullptr;
  input.dim = states.size(1);
  input.tile = &tile;
  input.divisor = context.divisor;
  input.seed = context.seed;
  input.step = context.step;
  result.loss = objective.evaluate(input, state_grad.data_ptr<T>(), result.tables[output]);

  add_lookups(forward, back_propagate(forward, states, state_grad, result), result);
  return result;
}

template struct TileGradients<float>;
template struct TileGradients<double>;
template TileGradients<float> no_gradients(const ParameterSet&);
template TileGradients<double> no_gradients(const ParameterSet&);
template std::vector<at::Tensor> back_propagate(Forward&, const at::Tensor&, const at::Tensor&,
                                                TileGradients<float>&);
template std::vector<at::Tensor> back_propagate(Forward&, const at::Tensor&, const at::Tensor&,
                                                TileGradients<double>&);
template void add_lookups(const Forward&, const std::vector<at::Tensor>&, TileGradients<float>&);
template void add_lookups(const Forward&, const std::vector<at::Tensor>&, TileGradients<double>&);
template TileGradients<float> run_tile<float>(const Model&, const Objective&, const Tile&,
                                              const StepContext&);
template TileGradients<double> run_tile<double>(const Model&, const Objective&, const Tile&,
                                                const StepContext&);

}  // namespace truenext
