// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "batch/batch.h"
#include "net/model.h"
#include "objectives/objective.h"
#include "train/optimise/optimizer.h"
#include "train/ranks/rank_sum.h"
#include "train/ranks/ranks.h"
#include "train/ranks/table_shards.h"
#include "train/steps/norm_terms.h"
#include "train/steps/phased_sum.h"
#include "train/steps/pretext_step.h"
#include "train/steps/step_engine.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// One training step: the tiles of a batch over the workers, their gradients along the fixed tree,
/// the optimiser. Same seed and data give the same bits for any number of workers and processes.
class Engine final : public StepEngine {
 public:
  Engine(Model& model, const Objective& objective, Adam& adam, const TrainOptions& options,
         WorkerPool& pool)
      : model_(model),
        objective_(objective),
        adam_(adam),
        options_(options),
        pool_(pool),
        phases_(model, objective, pool),
        norms_(norm_terms(model, options)) {}

  /// From now on the tiles of every batch, which all ranks must hand in alike, are divided among
  /// them; each updates its own copy of the model, or of a divided table the rows that it keeps.
  /// `ranks` must outlive the engine.
  void divide_among(Ranks& ranks);
  /// From now on steps are steps of pretraining, over batches made for it; it must outlive the
  /// engine.
  void pretrain(const Pretext& pretext) { pretext_ = &pretext; }

  /// From now on losses have this term, for one rank; it must outlive the engine.
  void observe(ObservationStep& observation) {
    observation_ = &observation;
    phases_.observe(observation);
  }

  double step(const Batch& batch, int64_t step, int64_t total_steps) override;
  /// Rows that were left behind catch up.
  void settle() override { adam_.catch_up_all(pool_); }

 private:
  /// Rows of the output table that a tile reads, where it does not read them all.
  std::vector<int32_t> candidates(const Tile& tile, const StepContext& context) const;
  TileGradients<float> run(const WeightViews<float>& weights, const Tile& tile,
                           const StepContext& context) const;
  /// What our tiles will read: rows that the optimiser left behind catch up, then tables are
  /// composed; where that goes row by row, of what is read.
  void make_readable(const Batch& batch, TileRange mine, const StepContext& context);
  /// Rows whose unit vectors have gradients, maybe of other ranks' tiles: they are read once more.
  void catch_up_units(const TableGradient<float>& units);
  /// Rows of divided tables that our tiles will read, from the ranks that keep them.
  void fetch(const Batch& batch, TileRange mine, const StepContext& context);
  void fetch_table(int64_t table, std::span<const std::vector<int32_t>> rows_of_tiles);
  /// Sum over our tiles; empty without tiles.
  std::optional<TileGradients<float>> sum_tiles(const Batch& batch, TileRange mine,
                                                const StepContext& context);
  void clip(TileGradients<float>& total);

  Model& model_;
  const Objective& objective_;
  const Pretext* pretext_ = nullptr;
  ObservationStep* observation_ = nullptr;
  Adam& adam_;
  const TrainOptions& options_;
  WorkerPool& pool_;
  PhasedSum phases_;
  std::vector<NormTerm> norms_;  ///< of the loss
  Ranks* ranks_ = &solo_ranks();
  std::optional<TableShards> shards_;  ///< where tables are divided
};

}  // namespace truenext
