// SPDX-License-Identifier: Apache-2.0
#include "torch/device_adam.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>

#include "torch/tensors.h"
#include "train/optimise/weight_average.h"

namespace truenext {

DeviceAdam::DeviceAdam(ParameterSet& parameters, Adam& host, const TrainOptions& options,
                       at::Device device)
    : parameters_(parameters), host_(host), options_(options), device_(device) {}

void DeviceAdam::load() {
  weights_.clear();
  states_.assign(static_cast<size_t>(parameters_.size()), {});
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    weights_.push_back(to_device(parameters_[i].value, device_));
    for (const auto& [name, tensor] : host_.state(i)) {
      states_[i].push_back(to_device(*tensor, device_));
    }
  }
  steps_ = host_.steps();
}

void DeviceAdam::store() {
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    borrow(parameters_[i].value).copy_(weights_[i]);
    const auto state = host_.state(i);
    for (size_t s = 0; s < state.size(); ++s) borrow(*state[s].tensor).copy_(states_[i][s]);
  }
  host_.set_steps(steps_);
}

std::vector<at::Tensor> DeviceAdam::averages() const {
  std::vector<at::Tensor> averages;
  for (const std::vector<at::Tensor>& state : states_) averages.push_back(state.back());
  return averages;
}

// The last tensor of a state where an average is kept (Adam::state).
void DeviceAdam::move_average(int64_t index) {
  const double share = average_share(host_.average_decay(), steps_ - 1);
  states_[index].back().lerp_(weights_[index], share);
}

void DeviceAdam::step(const std::vector<at::Tensor>& gradients, double learning_rate) {
  if (host_.keeps_average() && steps_ == 0) {
    for (size_t i = 0; i < states_.size(); ++i) states_[i].back().copy_(weights_[i]);
  }
  ++steps_;
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor gradient = gradients[i].defined() ? gradients[i] : at::zeros_like(weights_[i]);
    const bool table = parameters_[i].is_table();
    if (table && options_.table_optimizer == TableOptimizer::lazy_adam) {
      lazy_adam(i, gradient, learning_rate);
    } else if (table && options_.table_optimizer == TableOptimizer::rowwise_adagrad) {
      adagrad(i, gradient, learning_rate);
    } else {
      adam(i, gradient, learning_rate);
    }
    if (host_.keeps_average()) move_average(i);
  }
}

at::Tensor DeviceAdam::direction(const at::Tensor& moment1, const at::Tensor& moment2) const {
  const auto steps = static_cast<double>(steps_);
  const double correction1 = 1.0 - std::pow(options_.beta1, steps);
  const double root = std::sqrt(1.0 - std::pow(options_.beta2, steps));
  return moment1 / ((moment2.sqrt() / root + options_.epsilon) * correction1);
}

void DeviceAdam::adam(int64_t index, const at::Tensor& gradient, double learning_rate) {
  at::Tensor& value = weights_[index];
  at::Tensor &moment1 = states_[index][0], &moment2 = states_[index][1];
  const at::Tensor g = options_.l2 > 0 ? gradient + value * options_.l2 : gradient;
  moment1.mul_(options_.beta1).add_(g, 1.0 - options_.beta1);
  moment2.mul_(options_.beta2).addcmul_(g, g, 1.0 - options_.beta2);
  value.mul_(1.0 - options_.weight_decay * learning_rate);
  value.add_(direction(moment1, moment2), -learning_rate);
}

// Dense arithmetic, of which rows without a gradient keep nothing.
void DeviceAdam::lazy_adam(int64_t index, const at::Tensor& gradient, double learning_rate) {
  const at::Tensor touched = gradient.ne(0).any(1, /*keepdim=*/true);
  const std::vector<at::Tensor> before = {weights_[index].clone(), states_[index][0].clone(),
                                          states_[index][1].clone()};
  adam(index, gradient, learning_rate);
  weights_[index] = at::where(touched, weights_[index], before[0]);
  states_[index][0] = at::where(touched, states_[index][0], before[1]);
  states_[index][1] = at::where(touched, states_[index][1], before[2]);
}

void DeviceAdam::adagrad(int64_t index, const at::Tensor& gradient, double learning_rate) {
  at::Tensor &value = weights_[index], &sums = states_[index][0];
  const at::Tensor touched = gradient.ne(0).any(1);
  const at::Tensor g = gradient + value * options_.l2;
  sums.add_(at::where(touched, (g * g).mean(1), at::zeros_like(sums)));
  const at::Tensor size = (learning_rate / (sums.sqrt() + options_.epsilon)).unsqueeze(1);
  const at::Tensor moved = value * (1.0 - options_.weight_decay * learning_rate) - g * size;
  value = at::where(touched.unsqueeze(1), moved, value);
}

void clip_on_device(std::vector<at::Tensor>& gradients, double limit) {
  std::vector<at::Tensor> squares;
  for (const at::Tensor& gradient : gradients) {
    if (gradient.defined()) squares.push_back((gradient * gradient).sum(at::kDouble));
  }
  if (squares.empty()) return;
  const double norm = std::sqrt(at::stack(squares).sum().item<double>());
  if (norm <= limit) return;
  for (at::Tensor& gradient : gradients) {
    if (gradient.defined()) gradient = gradient * (limit / norm);
  }
}

}  // namespace truenext
