// SPDX-License-Identifier: Apache-2.0
#include "train/loop/stage.h"

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "data/data_place.h"
#include "data/dataset.h"
#include "eval/mixing.h"
#include "inference/model_file.h"
#include "train/devices/devices.h"
#include "train/loop/initial_weights.h"
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
  if (config.train.task == TrainTask::pretraining) config.train.valid_every = 1;  // none picks
  config.train.checkpoint_steps = 0;
  config.model.resolve();
  return placeless_text(config) + other;
}

/// Whether a stage began with the start weights that its configuration names.
bool same_start(const RunConfig& there, const RunConfig& config) {
  if (config.train.init_from.empty()) {
    return has_pretraining(config) || there.train.init_fingerprint.empty();
  }
  return there.train.init_fingerprint ==
         weights_fingerprint(ModelFile::open(config.train.init_from));
}

bool judged_in_turn(int64_t epochs, const RunConfig& config) {
  if (epochs % config.train.valid_every != 0) return false;
  const int64_t earlier = epochs / config.train.valid_every - 1;
  return config.train.valid_sample == 0 || earlier % config.train.valid_full_every == 0;
}

/// Whether one of fewer epochs goes on as a longer one would have gone. Under a schedule by the
/// number of epochs it would not, nor where its last epoch was judged, or judged on all users, out
/// of turn.
bool extends(const RunConfig& there, const RunConfig& config) {
  return there.train.epochs < config.train.epochs &&
         config.train.schedule == RateSchedule::constant &&
         (config.train.task == TrainTask::pretraining ||
          judged_in_turn(there.train.epochs, config));
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
  if ((extends(there, config) || there.train.epochs == config.train.epochs) &&
      essence(there, dataset) == essence(config, dataset) && same_start(there, config) &&
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
  write_file_atomically(request.run / "config.toml", run_text(config));
}

std::string run_text(RunConfig config) {
  const bool trains = config.teachers.kind != TeacherKind::none;
  if (trains || !config.labels.teachers.empty()) config.labels.path.clear();
  if (trains) config.labels.teachers.clear();
  return config_text(config);
}

namespace {

/// What any stage would refuse is refused before hours of the stages before it, and before anything
/// that is in the folder is touched.
void check_stages(const TrainRequest& request, Ranks& ranks) {
  const RunConfig& config = request.config;
  const LabelOptions& labels = config.labels;
  check_labels(config);
  const bool asks = !labels.teachers.empty() || config.teachers.kind != TeacherKind::none;
  check_usage(
      labels.path.empty() || !asks,
      "labels.path = \"{}\" beside teachers: labels that are made, and who makes some; name "
      "one of the two",
      labels.path);
  if (!config.objective.uses_labels()) return;
  check_usage(on_tiles(request.device),
              "--device {}: soft labels are mixed into the target on the CPU only; leave --device "
              "out, or objective.label_share at 0",
              request.device);
  if (labels.path.empty()) {
    (void)Mixer(labels.mixing_options(), std::ssize(label_teachers(request)));
    check_usage(labels.kept > 0 || !config.objective.sampled(),
                "labels.kept = 0: teachers that are asked in every step need objective.candidates "
                "= \"full\", not \"{}\"; keep labels, e.g. labels.kept=100",
                word_of(config.objective.candidates));
  }
  TrainRequest student = request;
  student.config.objective.label_share = student.config.objective.label_reverse = 0;
  student.config.labels = LabelOptions();
  student.config.teachers = TeacherOptions();
  const Trainer check(student, ranks);
  if (config.teachers.kind == TeacherKind::none) {
    if (asks) (void)fingerprint_of_labels(config, Dataset::open(config.data.path));
    return;
  }
  for (int64_t number = 1; number <= config.teachers.stages(); ++number) {
    const RunConfig teacher = teacher_config(config, number);
    teacher.objective.check();
    check_observation(teacher.objective, ranks);
    check_usage(teacher.train.epochs > 0,
                "teacher {}: train.epochs = 0 leaves no model to learn from", number);
  }
}

void add_labels(TrainRequest& request, Ranks& ranks) {
  LabelOptions& labels = request.config.labels;
  const bool trains = request.config.teachers.kind != TeacherKind::none;
  if (!trains && labels.teachers.empty()) return;
  if (labels.kept > 0 && labels_are_there(request, ranks)) {
    labels.path = (request.run / kLabelFolder).string();
    if (trains) labels.teachers = label_teachers(request);
    return;
  }
  // A run that is stopped in one of its stages can be resumed. One that goes on after them trains
  // no teacher again.
  if (!request.resume) by_first_rank(ranks, [&] { return begin_folder(request), 0.0; });
  if (trains)
    labels.teachers = request.resume ? label_teachers(request) : train_teachers(request, ranks);
  if (labels.kept > 0) labels.path = make_labels(request, ranks).string();
}

}  // namespace

TrainResult train_with_stages(TrainRequest request, Ranks& ranks) {
  if (!request.resume) check_stages(request, ranks);
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
