// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "batch/batch.h"
#include "data/dataset.h"
#include "net/model.h"
#include "objectives/objective.h"
#include "run/run_config.h"
#include "train/loop/label_stage.h"
#include "train/loop/train_request.h"
#include "train/optimise/optimizer.h"
#include "train/steps/engine.h"
#include "train/steps/observation_step.h"
#include "train/steps/pretext_step.h"

namespace truenext {

/// How the configuration packs users into batches.
BatchOptions batch_options(const RunConfig& config);

/// Which of several processes keeps which rows of item tables: all of them, unless divided.
struct TableShare {
  int rank = 0;
  int ranks = 1;
};
/// What of item tables this process keeps. Usage Error when they cannot be divided as asked for.
TableShare table_share(const TrainRequest& request, const Ranks& ranks);

/// What a configuration stands for, ready to make steps: shared by the trainer and the benchmark,
/// so that what is measured is what trains.
struct TrainingParts {
  /// Opens the dataset and records in `config`, which must outlive the parts, which data the run is
  /// about, or refuses data it is not about. Item tables of at least `deferred_rows` rows are
  /// updated row by row as they are needed (DeferredAdam), unless a norm in the loss or composing
  /// tables (net/composed_tables.h) needs all rows at once. A share of item tables is all that is
  /// kept of them; the engine then needs the ranks it is divided among.
  TrainingParts(RunConfig& config, int threads, int64_t deferred_rows, TableShare share = {});
  TrainingParts(const TrainingParts&) = delete;
  TrainingParts& operator=(const TrainingParts&) = delete;

  Dataset dataset;
  WorkerPool pool;
  std::optional<Pretext> pretext;  ///< of a pretraining, in place of the objective
  std::unique_ptr<Model> model;
  std::optional<ObservationStep> observation;  ///< with objective.observation
  TrainingLabels labels;
  Objective objective;
  Adam adam;
  Batcher batcher;
  Engine engine;

  /// What is trained, for every report.
  std::string loss_name() const {
    if (pretext) return pretext->name();
    return objective.name() + (model->options().padding_class ? ", padding a class" : "");
  }
  /// What the loss of a batch is divided by.
  int64_t divisor(const Batch& batch) const {
    return pretext ? batch.pretext_examples : objective.divisor(batch);
  }
};

}  // namespace truenext
