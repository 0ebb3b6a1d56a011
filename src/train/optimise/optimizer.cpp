// SPDX-License-Identifier: Apache-2.0
#include "train/optimise/optimizer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "kernels/kernels.h"
#include "train/optimise/touched_rows.h"
#include "train/optimise/weight_average.h"

namespace truenext {
namespace {

/// Numbers per task: small enough to balance, large enough to stream.
constexpr int64_t kChunk = int64_t{1} << 16;

struct Slice {
  int64_t parameter;
  int64_t begin;
  int64_t size;
};

const float* gradient_data(TileGradients<float>& gradients, const ParameterSet& parameters,
                           int64_t index) {
  const Parameter& parameter = parameters[index];
  return parameter.is_table() ? gradients.tables[index].make_dense().data()
                              : gradients.of(parameter).data();
}

}  // namespace

Adam::Adam(ParameterSet& parameters, const TrainOptions& options)
    : parameters_(parameters), options_(options), states_(parameters.size()) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Tensor& value = parameters[i].value;
    State& state = states_[i];
    if (parameters[i].is_table()) state.rule = options.table_optimizer;
    if (state.rule == TableOptimizer::rowwise_adagrad) {
      state.sums = Tensor({value.rows()});
      continue;
    }
    state.moment1 = Tensor(value.shape);
    state.moment2 = Tensor(value.shape);
  }
}

kernels::AdamTable Adam::table(int64_t index) {
  Tensor& value = parameters_[index].value;
  State& state = states_[index];
  float* const average = keeps_average() ? state.average.data() : nullptr;
  return {value.shape.back(), value.data(), state.moment1.data(), state.moment2.data(), average};
}

void Adam::keep_average(double decay) {
  assert(steps_ == 0 && options_.table_optimizer == TableOptimizer::adam);
  average_decay_ = decay;
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    assert(!deferred(i));
    states_[i].average = Tensor(parameters_[i].value.shape);
  }
}

// Not in keep_average(), since start values may still come from another model.
void Adam::start_average() {
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    std::copy_n(parameters_[i].value.data(), parameters_[i].value.size(),
                states_[i].average.data());
  }
}

void Adam::defer(int64_t index) {
  State& state = states_[index];
  if (state.rule != TableOptimizer::adam || state.deferred) return;
  state.deferred = std::make_unique<DeferredAdam>(parameters_[index].value.rows(), table(index));
}

void Adam::catch_up(int64_t index, std::span<const int32_t> rows) {
  if (deferred(index)) states_[index].deferred->catch_up(rows);
}

void Adam::catch_up_all(WorkerPool& pool) {
  for (const State& state : states_) {
    if (state.deferred) state.deferred->catch_up_all(pool);
  }
}

kernels::AdamStep Adam::next_step(double learning_rate) {
  ++steps_;
  kernels::AdamStep adam;
  adam.learning_rate = static_cast<float>(learning_rate);
  adam.beta1 = static_cast<float>(options_.beta1);
  adam.beta2 = static_cast<float>(options_.beta2);
  adam.epsilon = static_cast<float>(options_.epsilon);
  adam.l2 = static_cast<float>(options_.l2);
  adam.decay = static_cast<float>(options_.weight_decay * learning_rate);
  adam.correction1 = 1.0 - std::pow(options_.beta1, static_cast<double>(steps_));
  adam.correction2 = 1.0 - std::pow(options_.beta2, static_cast<double>(steps_));
  return adam;
}

kernels::AdamFactors Adam::factors_of(const kernels::AdamStep& step) const {
  kernels::AdamFactors factors = kernels::adam_factors(step);
  if (keeps_average()) {
    factors.average = static_cast<float>(average_share(average_decay_, steps_ - 1));
  }
  return factors;
}

void Adam::step(TileGradients<float>& gradients, double learning_rate, WorkerPool& pool) {
  if (keeps_average() && steps_ == 0) start_average();
  const kernels::AdamStep adam = next_step(learning_rate);
  step_whole(gradients, factors_of(adam), pool);
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    if (!by_row(i)) continue;
    step_table(i, gradients.tables[i], adam, pool);
  }
}

// Parameters of which every number moves, in slices.
void Adam::step_whole(TileGradients<float>& gradients, const kernels::AdamFactors& factors,
                      WorkerPool& pool) {
  std::vector<Slice> slices;
  std::vector<const float*> grads;
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    grads.push_back(by_row(i) ? nullptr : gradient_data(gradients, parameters_, i));
    const int64_t size = by_row(i) ? 0 : parameters_[i].value.size();
    for (int64_t begin = 0; begin < size; begin += kChunk) {
      slices.push_back({i, begin, std::min(kChunk, size - begin)});
    }
  }
  pool.run(static_cast<int64_t>(slices.size()), [&](int64_t task, int) {
    const Slice& s = slices[task];
    kernels::AdamTable numbers = table(s.parameter);
    numbers.dim = 1;
    kernels::adam(s.size, factors, grads[s.parameter] + s.begin, numbers.row(s.begin));
  });
}

void Adam::step_table(int64_t index, const TableGradient<float>& gradient,
                      const kernels::AdamStep& step, WorkerPool& pool) {
  State& state = states_[index];
  const kernels::AdamFactors factors = factors_of(step);
  if (state.deferred) {
    state.deferred->step(gradient, factors, pool);
    return;
  }
  if (state.rule == TableOptimizer::lazy_adam) {
    const kernels::AdamTable numbers = table(index);
    for_touched_rows(gradient, pool, [&](std::span<const int32_t> rows, const float* grads) {
      kernels::adam_rows(static_cast<int64_t>(rows.size()), rows.data(), factors, grads, numbers);
    });
    return;
  }
  const kernels::AdagradStep adagrad{static_cast<float>(step.learning_rate),
                                     static_cast<float>(step.epsilon), factors.l2,
                                     static_cast<float>(step.decay)};
  float* values = parameters_[index].value.data();
  float* sums = state.sums.data();
  for_touched_rows(gradient, pool, [&](std::span<const int32_t> rows, const float* grads) {
    kernels::adagrad_rows(rows, adagrad, grads, {gradient.dim(), values, sums});
  });
}

std::vector<NamedTensor<Tensor>> Adam::state(int64_t index) {
  State& state = states_[index];
  const std::string& name = parameters_[index].name;
  if (state.rule == TableOptimizer::rowwise_adagrad) return {{"adagrad.sums." + name, &state.sums}};
  std::vector<NamedTensor<Tensor>> tensors = {{"adam.moment1." + name, &state.moment1},
                                              {"adam.moment2." + name, &state.moment2}};
  if (keeps_average()) tensors.push_back({"average." + name, &state.average});
  return tensors;
}

std::vector<NamedTensor<const Tensor>> Adam::state(int64_t index) const {
  std::vector<NamedTensor<const Tensor>> result;
  for (const auto& [name, tensor] : const_cast<Adam*>(this)->state(index)) {
    result.push_back({name, tensor});
  }
  return result;
}

double add_squares(double sum, std::span<const float> values) {
  for (const float value : values) sum += static_cast<double>(value) * value;
  return sum;
}

double clip_gradients(TileGradients<float>& gradients, double limit) {
  return clip_gradients(gradients, limit, [&](double sum, int64_t table) {
    return add_squares(sum, gradients.tables[table].values());
  });
}

double clip_gradients(TileGradients<float>& gradients, double limit,
                      const AddTableSquares& add_table) {
  double squares = add_squares(0, gradients.dense);
  for (int64_t i = 0; i < std::ssize(gradients.tables); ++i) squares = add_table(squares, i);
  const double norm = std::sqrt(squares);
  if (norm <= limit) return norm;
  const auto factor = static_cast<float>(limit / norm);
  kernels::scale(static_cast<int64_t>(gradients.dense.size()), factor, gradients.dense.data());
  for (TableGradient<float>& table : gradients.tables) {
    const std::span<float> values = table.values();
    kernels::scale(static_cast<int64_t>(values.size()), factor, values.data());
  }
  return norm;
}

double scheduled_rate(const TrainOptions& options, int64_t step, int64_t total) {
  const double rate = options.learning_rate;
  if (step < options.warmup_steps) {
    return rate * static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps);
  }
  const double after = static_cast<double>(std::max<int64_t>(1, total - options.warmup_steps));
  const double done = std::min(1.0, static_cast<double>(step - options.warmup_steps) / after);
  switch (options.schedule) {
    case RateSchedule::constant:
      return rate;
    case RateSchedule::linear:
      return rate * (1.0 - done);
    case RateSchedule::cosine:
      return rate * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  }
  return rate;
}

}  // namespace truenext
