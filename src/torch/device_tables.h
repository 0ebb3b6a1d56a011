// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "net/model.h"

namespace truenext {

/// Composed tables (net/composed_tables.h) on a device: the twin of Model::compose() and
/// hand_back(), in another order of roundings. Tensors are in the order of the model's parameters.
class DeviceTables {
 public:
  /// The model must outlive the tables.
  DeviceTables(const Model& model, at::Device device);

  /// What a pass reads, out of what is `trained`; unit vectors behind all else.
  std::vector<at::Tensor> readable(const std::vector<at::Tensor>& trained) const;
  /// Gradients of what was read become those of what is `trained`; undefined ones stay undefined.
  void hand_back(const std::vector<at::Tensor>& trained, std::vector<at::Tensor>& gradients) const;

 private:
  /// Vectors of the items out of the table of that number, [items, hidden_size].
  at::Tensor vectors(int64_t table, const std::vector<at::Tensor>& trained) const;
  const ComposedTables& tables_;
  int64_t hidden_size_, num_attributes_;
  at::Tensor offsets_;             ///< [items], where the list of an item begins
  at::Tensor items_, attributes_;  ///< of every entry of the lists
  at::Tensor shares_;              ///< [entries, 1]: 1 / entries of its item
};

}  // namespace truenext
