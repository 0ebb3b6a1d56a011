// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "net/arena.h"
#include "net/model.h"
#include "objectives/objective.h"
#include "train/ranks/rank_sum.h"
#include "train/steps/observation_step.h"
#include "train/steps/tile_step.h"
#include "train/steps/tree_reducer.h"

namespace truenext {

/// Gradients of the tiles of a batch whose loss is over the whole catalogue, phase by phase
/// (decision 0018): the network forward by tiles, the loss by blocks of queries, the table's
/// gradient by ranges of items, the network backward by tiles. Tiles are taken a group at a time,
/// as many as have CatalogueLoss::kMostQueries queries.
class PhasedSum {
 public:
  PhasedSum(const Model& model, const Objective& objective, WorkerPool& pool)
      : model_(model), objective_(objective), pool_(pool) {}

  /// From now on with this term, which must outlive this.
  void observe(ObservationStep& observation) { observation_ = &observation; }
  /// Sum over the tiles `mine`, which are some, along the tree. The loss's part of the output
  /// table's gradient is in TileGradients::catalogue.
  TileGradients<float> sum(const Batch& batch, TileRange mine, const StepContext& context);

 private:
  using Reducer = TreeReducer<TileGradients<float>>;

  /// Tiles from `first` on: their gradients go to the reducer, leaves counted from `mine`'s first.
  TableGradient<float> run_group(const Batch& batch, TileRange group, int64_t first_leaf,
                                 const StepContext& context, Reducer& reducer);

  const Model& model_;
  const Objective& objective_;
  WorkerPool& pool_;
  ObservationStep* observation_ = nullptr;
  std::deque<net::Arena> arenas_;  ///< one a tile of a group
};

}  // namespace truenext
