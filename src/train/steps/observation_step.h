// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "batch/batch.h"
#include "net/model.h"
#include "objectives/catalogue_loss.h"
#include "objectives/observation.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// objective.observation in training: its tables are parameters of the training, not of the model,
/// and so is the running maximum (in the place of one), which is a step's state and in every
/// checkpoint. For one process.
class ObservationStep {
 public:
  /// The parameters that a model needs for it.
  static std::vector<TensorInfo> tensors(int64_t items);
  /// Start values: Kaiming's uniform with a slope of 2, and -10 for the maximum.
  static void start(Model& model, uint64_t seed);

  /// The model has those parameters; it must outlive this.
  ObservationStep(Model& model, double weight);

  /// Takes the targets of a batch into the maximum: before any of it is computed.
  void begin(const Batch& batch, WorkerPool& pool);
  /// Adds the term to the parts of `loss`, whose rows and items are done, and to `table_grad`
  /// [items, dim]. Group after group of a batch.
  void add(CatalogueLoss<float>& loss, float* table_grad, WorkerPool& pool);
  /// Hands the gradients of the batch over.
  void finish(TileGradients<float>& total);
  /// After the optimiser, which knows weights only: the maximum is none.
  void keep_largest();

 private:
  ObservationTables<float> tables() const;

  Model& model_;
  double weight_;
  int64_t observed_, meant_, largest_;  ///< parameters
  std::vector<float> values_;           ///< of the maximum
  std::vector<int32_t> owners_;
  std::optional<ObservationGradients<float>> gradients_;
};

}  // namespace truenext
