// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/kernels.h"

namespace upnext {
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
  if (parameters[index].kind == ParameterKind::table) {
    return gradients.tables[index].make_dense().data();
  }
  at::Tensor& grad = gradients.dense[index];
  grad = grad.defined() ? grad.contiguous() : at::zeros_like(parameters[index].value);
  return grad.data_ptr<float>();
}

}  // namespace

Adam::Adam(ParameterSet& parameters, const TrainOptions& options)
    : parameters_(parameters), options_(options) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor value = parameters[i].value.detach();
    moments1_.push_back(at::zeros_like(value));
    moments2_.push_back(at::zeros_like(value));
  }
}

void Adam::step(TileGradients<float>& gradients, double learning_rate, WorkerPool& pool) {
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

  std::vector<Slice> slices;
  std::vector<const float*> grads;
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    grads.push_back(gradient_data(gradients, parameters_, i));
    const int64_t size = parameters_[i].value.numel();
    for (int64_t begin = 0; begin < size; begin += kChunk) {
      slices.push_back({i, begin, std::min(kChunk, size - begin)});
    }
  }
  pool.run(static_cast<int64_t>(slices.size()), [&](int64_t task, int) {
    const Slice& s = slices[task];
    kernels::adam(s.size, adam, grads[s.parameter] + s.begin,
                  parameters_[s.parameter].value.data_ptr<float>() + s.begin,
                  moments1_[s.parameter].data_ptr<float>() + s.begin,
                  moments2_[s.parameter].data_ptr<float>() + s.begin);
  });
}

double clip_gradients(TileGradients<float>& gradients, double limit) {
  double squares = 0;
  const auto add = [&squares](const float* values, size_t n) {
    for (size_t i = 0; i < n; ++i) squares += static_cast<double>(values[i]) * values[i];
  };
  for (at::Tensor& grad : gradients.dense) {
    if (!grad.defined()) continue;
    grad = grad.contiguous();
    add(grad.data_ptr<float>(), static_cast<size_t>(grad.numel()));
  }
  for (const TableGradient<float>& table : gradients.tables) {
    add(table.values().data(), table.values().size());
  }
  const double norm = std::sqrt(squares);
  if (norm <= limit) return norm;
  const auto factor = static_cast<float>(limit / norm);
  for (at::Tensor& grad : gradients.dense) {
    if (grad.defined()) grad.mul_(factor);
  }
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
  if (options.schedule == "constant") return rate;
  const double after = static_cast<double>(std::max<int64_t>(1, total - options.warmup_steps));
  const double done = std::min(1.0, static_cast<double>(step - options.warmup_steps) / after);
  if (options.schedule == "linear") return rate * (1.0 - done);
  return rate * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace upnext
