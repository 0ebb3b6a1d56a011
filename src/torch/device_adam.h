// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "train/optimise/optimizer.h"

namespace truenext {

/// Adam and its rules for tables (train/optimise/optimizer.h) on a device: the same arithmetic on
/// whole tensors, in another order of roundings. Weights and moments live on the device between
/// load() and store(); the host's Adam and its parameters are what checkpoints know.
class DeviceAdam {
 public:
  DeviceAdam(ParameterSet& parameters, Adam& host, const TrainOptions& options, at::Device device);

  /// Takes weights, moments and the number of steps from the host.
  void load();
  /// Brings the host up to date.
  void store();

  /// Weights on the device, in the order of the parameters.
  const std::vector<at::Tensor>& weights() const { return weights_; }
  /// Their averages, where they are kept.
  std::vector<at::Tensor> averages() const;

  /// One step. `gradients` are in the order of the parameters, undefined where a weight took no
  /// part; `learning_rate` is the scheduled one.
  void step(const std::vector<at::Tensor>& gradients, double learning_rate);

 private:
  void adam(int64_t index, const at::Tensor& gradient, double learning_rate);
  void lazy_adam(int64_t index, const at::Tensor& gradient, double learning_rate);
  void move_average(int64_t index);
  void adagrad(int64_t index, const at::Tensor& gradient, double learning_rate);
  /// What Adam takes off a value, divided by it: shrunk moments in, step out.
  at::Tensor direction(const at::Tensor& moment1, const at::Tensor& moment2) const;

  ParameterSet& parameters_;
  Adam& host_;
  TrainOptions options_;
  at::Device device_;
  std::vector<at::Tensor> weights_;
  std::vector<std::vector<at::Tensor>> states_;  ///< those of Adam::state(), in its order
  int64_t steps_ = 0;
};

/// Scales the gradients so that their global L2 norm is at most `limit`.
void clip_on_device(std::vector<at::Tensor>& gradients, double limit);

}  // namespace truenext
