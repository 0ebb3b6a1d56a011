// SPDX-License-Identifier: Apache-2.0
#include "train/tile_step.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "nn/forward.h"

namespace upnext {
namespace {

/// Gradients of the pass's leaves and of its looked-up rows, in this order.
std::vector<at::Tensor> backward(const at::Tensor& states, const at::Tensor& state_grad,
                                 Forward& forward) {
  std::vector<at::Tensor> inputs;
  for (const Leaf& leaf : forward.leaves()) inputs.push_back(leaf.value);
  for (const Lookup& lookup : forward.lookups()) inputs.push_back(lookup.rows);
  return torch::autograd::grad({states}, inputs, {state_grad}, /*retain_graph=*/false,
                               /*create_graph=*/false, /*allow_unused=*/true);
}

}  // namespace

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
TileGradients<T> run_tile(const Model& model, const Objective& objective, const Tile& tile,
                          const StepContext& context) {
  thread_local const bool single_threaded = [] {
    at::set_num_threads(1);  // a tile belongs to one worker; nothing inside it may fan out
    return true;
  }();
  static_cast<void>(single_threaded);

  const ParameterSet& parameters = model.parameters();
  TileGradients<T> result;
  result.dense.resize(parameters.size());
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    const bool table = parameter.kind == ParameterKind::table;
    result.tables.emplace_back(table ? parameter.readable().size(0) : 0,
                               table ? parameter.shape[1] : 0, table ? parameter.shape[0] : 0);
  }

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

  const std::vector<at::Tensor> grads = backward(states, state_grad, forward);
  size_t next = 0;
  for (const Leaf& leaf : forward.leaves()) result.dense[leaf.parameter] = grads[next++];
  for (const Lookup& lookup : forward.lookups()) {
    const at::Tensor grad = grads[next++].contiguous();
    result.tables[lookup.parameter].add_rows(lookup.ids, grad.data_ptr<T>());
  }
  return result;
}

template struct TileGradients<float>;
template struct TileGradients<double>;
template TileGradients<float> run_tile<float>(const Model&, const Objective&, const Tile&,
                                              const StepContext&);
template TileGradients<double> run_tile<double>(const Model&, const Objective&, const Tile&,
                                                const StepContext&);

}  // namespace upnext
