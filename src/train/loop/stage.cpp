// SPDX-License-Identifier: Apache-2.0
#include "train/loop/stage.h"

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "data/data_place.h"
#include "data/dataset.h"
#include "train/loop/label_stage.h"
#include "train/loop/pretraining_stage.h"
#include "train/loop/run_model.h"
#include "train/loop/stage_report.h"
#include "train/loop/teacher_stage.h"
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

}  // namespace

bool goes_on(const fs::path& folder, const RunConfig& config, const char* what) {
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
      essence(there, dataset) == essence(config, dataset) &&
      (!config.objective.uses_labels() ||
       there.labels.fingerprint == fingerprint_of_labels(config, dataset))) {
    return true;
  }
  log_warning("{}: the {} that is there is another one, and is replaced", folder.string(), what);
  return false;
}

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

namespace {

void add_labels(TrainRequest& request, Ranks& ranks) {
  check_labels(request.config);  // before anything is trained
  LabelOptions& labels = request.config.labels;
  const bool trains = request.config.teachers.kind != TeacherKind::none;
  if (!trains && labels.teachers.empty()) return;
  labels.path.clear();  // where a run made them is its own business: the folder may have moved
  if (labels.kept > 0 && labels_are_there(request, ranks)) {
    labels.path = (request.run / kLabelFolder).string();
    return;
  }
  if (trains) labels.teachers = train_teachers(request, ranks);
  if (labels.kept > 0) labels.path = make_labels(request, ranks).string();
}

}  // namespace

TrainResult train_with_stages(TrainRequest request, Ranks& ranks) {
  add_labels(request, ranks);
  if (!request.resume && has_pretraining(request.config)) {
    // What the training would refuse is refused before hours of pretraining.
    { const Trainer check(request, ranks); }
    request.pretrained = pretrain(request, ranks);
  }
  const TrainResult result = Trainer(request, ranks).fit();
  if (ranks.rank() == 0 && request.config.objective.uses_labels()) report_stages(request, result);
  return result;
}

}  // namespace truenext
