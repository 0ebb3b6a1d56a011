// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/attribute_lists.h"
#include "net/composed_tables.h"
#include "net/model_options.h"
#include "net/network.h"
#include "net/parameters.h"

namespace truenext {

class WorkerPool;

/// A network with weights to be trained. It knows no objective; objectives see states and the
/// output table only. Many tiles may run at once on the same weights.
class Model {
 public:
  /// Zeros for weights; of item tables the rows of `items` that are kept. `options` are resolved on
  /// a copy. `attributes` are read with model.attributes only. `training_tensors` are parameters
  /// too, but not of the model: what a task of training needs beside the network. Usage Error
  /// naming what cannot be.
  Model(const ModelOptions& options, const ItemRows& items, AttributeLists attributes = {},
        const std::vector<TensorInfo>& training_tensors = {});

  const ModelOptions& options() const { return options_; }  ///< resolved
  const NetworkInfo& network() const { return *network_; }
  int64_t num_items() const { return num_items_; }
  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  /// The first so many parameters are the network's, which make up a model file.
  int64_t network_parameters() const { return network_parameters_; }
  /// Parameter whose rows are looked up by the items of a tile. Every other table is small.
  int64_t input_table() const { return input_table_; }
  /// Parameter whose rows items have for scores, [num_items, hidden_size].
  int64_t output_table() const { return output_table_; }
  /// Parameter in whose place the table is read that scores are taken with: output_table(), unless
  /// there is a bias; with cosines the number behind all parameters (ParameterSet::units()).
  int64_t score_table() const { return composed_.scores(); }

  const ComposedTables& composed() const { return composed_; }
  const AttributeLists& attributes() const { return attributes_; }
  /// Makes what passes read in the place of trained tensors, after these have changed; nothing
  /// where there is nothing to compose.
  void compose(WorkerPool& pool);
  /// The same of unit vectors for these items alone, ascending and distinct
  /// (ComposedTables::by_row).
  void compose(std::span<const int32_t> items, WorkerPool& pool);

 private:
  /// What is read in the place of a tensor, with room for all its rows.
  Tensor& composed_at(int64_t place);

  ModelOptions options_;
  const NetworkInfo* network_;
  int64_t num_items_;
  int64_t network_parameters_;
  ParameterSet parameters_;
  int64_t input_table_, output_table_;
  ComposedTables composed_;
  AttributeLists attributes_;
};

/// A model with its start values.
std::unique_ptr<Model> make_model(const ModelOptions& options, const ItemRows& items, uint64_t seed,
                                  AttributeLists attributes = {},
                                  const std::vector<TensorInfo>& training_tensors = {});

}  // namespace truenext
