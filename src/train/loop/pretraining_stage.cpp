// SPDX-License-Identifier: Apache-2.0
#include "train/loop/pretraining_stage.h"

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "data/data_place.h"
#include "data/dataset.h"
#include "inference/model_file.h"
#include "train/loop/run_model.h"
#include "train/loop/trainer.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// What must be equal for two stages to be the same.
std::string essence(RunConfig config, const Dataset& dataset) {
  const auto same = [](const std::string& recorded, const std::string& actual) {
    return recorded.empty() || recorded == actual ? std::string() : recorded;
  };
  const std::string other =
      same(config.data.fingerprint, dataset.fingerprint()) +
      same(config.data.split_fingerprint, dataset.split_fingerprint()) +
      same(config.data.attribute_fingerprint, dataset.attribute_fingerprint());
  clear_fingerprints(config);
  config.preset.clear();
  // What can change without another stage: of epochs it can go on to more.
  config.train.epochs = 0;
  config.train.valid_every = 1;
  config.train.checkpoint_steps = 0;
  config.model.resolve();
  return placeless_text(config) + other;
}

bool goes_on(const fs::path& folder, const RunConfig& config) {
  if (!fs::exists(folder / "config.toml") ||
      !fs::exists(folder / "checkpoint" / "last.safetensors")) {
    return false;
  }
  RunConfig there;
  apply_file(there, folder / "config.toml");
  const Dataset dataset = Dataset::open(config.data.path);
  // Under a schedule by the number of epochs, more of them would have been another training.
  const bool extends =
      there.train.epochs < config.train.epochs && config.train.schedule == RateSchedule::constant;
  if ((extends || there.train.epochs == config.train.epochs) &&
      essence(there, dataset) == essence(config, dataset)) {
    return true;
  }
  log_warning("{}: the pretraining that is there is another one, and is replaced", folder.string());
  return false;
}

/// So that a run which is stopped in its first stage can be resumed.
void begin_folder(const TrainRequest& request) {
  make_folder(request.run);
  clear_run(request.run);
  RunConfig config = request.config;
  const Dataset dataset = Dataset::open(config.data.path);
  config.data.fingerprint = dataset.fingerprint();
  config.data.split_fingerprint = dataset.split_fingerprint();
  config.data.attribute_fingerprint = dataset.attribute_fingerprint();
  config.data.from_run = way_from_run(request.run, config.data.path);
  write_file_atomically(request.run / "config.toml", config_text(config));
}

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
  stage.train.new_items = defaults.new_items;
  return stage;
}

fs::path pretrain(const TrainRequest& request, Ranks& ranks) {
  TrainRequest stage = request;
  stage.run = request.run / kPretrainingFolder;
  stage.stage_of = request.run;
  stage.config = pretraining_config(request.config);
  stage.device = "cpu";
  stage.resume =
      by_first_rank(ranks, [&] { return goes_on(stage.run, stage.config) ? 1.0 : 0.0; }) > 0;
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
