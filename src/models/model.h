// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "inference/model_options.h"
#include "nn/device_pass.h"
#include "nn/forward.h"
#include "nn/parameters.h"

namespace truenext {

/// A trainable encoder: weights and the map from a tile of packed sequences to states. It knows no
/// objective; objectives see states and the output table only. Thread-safe: many tiles may run at
/// once on the same weights.
class Model {
 public:
  Model(const ModelOptions& options, const ItemRows& items, const std::vector<std::string>& tables);
  virtual ~Model() = default;

  /// One state per token of the tile: [tokens, hidden_size].
  virtual at::Tensor encode(Forward& forward) const = 0;

  /// The same network on a whole batch, made of LibTorch operations, for any device:
  /// [tokens, hidden_size].
  virtual at::Tensor encode_on_device(DevicePass& pass) const = 0;

  /// Start values, a function of the seed only.
  virtual void initialise(uint64_t seed) = 0;

  const ModelOptions& options() const { return options_; }
  int64_t num_items() const { return num_items_; }
  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  /// Parameter whose rows encode() looks up by the items of the tile. Every other table is small.
  int64_t input_table() const;
  /// Parameter that scores are taken with, [num_items, hidden_size].
  int64_t output_table() const;

 private:
  ModelOptions options_;  // resolved
  int64_t num_items_;
  ParameterSet parameters_;
};

/// A list entry: a model is one file with one such constant, plus a line in model.cpp.
struct ModelInfo {
  std::string name;
  std::string summary;
  std::unique_ptr<Model> (*make)(const ModelOptions& options, const ItemRows& items);
};
const std::vector<const ModelInfo*>& model_list();

/// Resolves the options, makes the model and initialises it; of item tables the rows of `items`
/// that are kept. Usage Error naming the nearest model.
std::unique_ptr<Model> make_model(ModelOptions options, const ItemRows& items, uint64_t seed);
/// The same with zeros for weights, which come from elsewhere.
std::unique_ptr<Model> make_blank_model(ModelOptions options, const ItemRows& items);

}  // namespace truenext
