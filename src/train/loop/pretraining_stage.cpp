// SPDX-License-Identifier: Apache-2.0
#include "train/loop/pretraining_stage.h"

#include <optional>
#include <string>

#include "base/error.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "train/loop/stage.h"
#include "train/loop/trainer.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

}  // namespace

bool has_pretraining(const RunConfig& config) {
  return config.pretrain.epochs > 0 && config.train.task == TrainTask::next_item &&
         config.train.init_from.empty();
}

RunConfig pretraining_config(const RunConfig& config) {
  RunConfig stage;
  stage.preset = config.preset;
  stage.version = config.version;
  stage.data = config.data;
  stage.model = config.model;
  stage.objective.criterion = "softmax";  // which any catalogue can have; nothing reads it
  stage.objective.candidates = CandidateSet::full;
  stage.pretrain = config.pretrain;
  stage.pretrain.epochs = 0;
  stage.train = config.train;
  // What only the training after it reads is as by default, so that stages of two losses are equal.
  const TrainOptions defaults;
  stage.train.task = TrainTask::pretraining;
  stage.train.epochs = config.pretrain.epochs;
  stage.train.valid_every = config.pretrain.epochs;  // the model is written once
  stage.train.batch_size = config.pretrain.batch_size;
  stage.train.learning_rate = config.pretrain.learning_rate;
  stage.train.max_batches = defaults.max_batches;
  stage.train.examples = Examples::prefixes;
  stage.train.input_drop = defaults.input_drop;
  stage.train.patience = defaults.patience;
  stage.train.valid_metric = defaults.valid_metric;
  stage.train.valid_users = defaults.valid_users;
  stage.train.valid_sample = defaults.valid_sample;
  stage.train.valid_full_every = defaults.valid_full_every;
  stage.train.store_counts = defaults.store_counts;
  stage.train.new_items = defaults.new_items;
  return stage;
}

fs::path pretrain(const TrainRequest& request, Ranks& ranks) {
  TrainRequest stage = request;
  stage.run = request.run / kPretrainingFolder;
  stage.stage_of = request.stage_of.empty() ? request.run : request.stage_of;
  stage.config = pretraining_config(request.config);
  stage.device = "cpu";
  stage.resume = by_first_rank(ranks, [&] {
                   return goes_on(stage.run, stage.config, "pretraining") ? 1.0 : 0.0;
                 }) > 0;
  std::optional<FolderLock> lock;
  if (ranks.rank() == 0) lock.emplace(stage.run, "truenext train");
  Trainer trainer(stage, ranks);  // which refuses before anything is written
  by_first_rank(ranks, [&] { return begin_folder(request), 0.0; });
  const TrainResult result = trainer.fit();
  if (ranks.rank() == 0) {
    log_info("pretraining {}: {} epochs, {} steps in {:.0f} s; the training starts from its model",
             result.had_finished ? "was done" : "done", result.epochs, result.steps,
             result.seconds);
  }
  const fs::path model = stage.run / kModelFileName;
  check_data(ranks.rank() > 0 || fs::exists(model),
             "{}: the pretraining has left no model, so the training has nothing to start from; "
             "remove {} and pretrain again",
             model.string(), stage.run.string());
  return model;
}

}  // namespace truenext
