// SPDX-License-Identifier: Apache-2.0
#include "train/loop/teacher_stage.h"

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "train/loop/stage.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// Between the seeds of a student and its teachers, so that those of neighbouring students differ.
constexpr int64_t kSeedStep = 1000;

RunConfig base_config(const RunConfig& student, int64_t number) {
  const TeacherOptions& teachers = student.teachers;
  if (teachers.presets.empty()) return student;
  check_usage(
      std::ssize(teachers.presets) == 1 || std::ssize(teachers.presets) == teachers.stages(),
      "teachers.presets: {} for {} teachers; want one for all or one each", teachers.presets.size(),
      teachers.stages());
  RunConfig config;
  const bool all = teachers.presets.size() == 1;
  apply_preset(config, teachers.presets[static_cast<size_t>(all ? 0 : number - 1)]);
  config.version = student.version;
  config.data = student.data;
  return config;
}

/// CE + alpha KL(f || g) + (1 - alpha) KL(g || f) + penalties, divided by 2 - alpha, so that the
/// weights of the target sum to 1 (csrec.md 1.6).
void tie(const TeacherOptions& teachers, RunConfig& config) {
  for (double* penalty : {&config.train.l2, &config.train.table_norm, &config.train.norm_penalty}) {
    *penalty /= 2 - teachers.alpha;
  }
  config.objective.label_share = (1 - teachers.alpha) / (2 - teachers.alpha);
  config.objective.label_reverse = teachers.alpha / (2 - teachers.alpha);
  config.objective.observation = teachers.observation ? 1 / (2 - teachers.alpha) : 0;
  config.labels.temperature = 1;
  config.labels.kept = teachers.tie_kept;
}

}  // namespace

RunConfig teacher_config(const RunConfig& student, int64_t number) {
  RunConfig config = base_config(student, number);
  config.labels = LabelOptions();
  config.teachers = TeacherOptions();
  config.watch = WatchOptions();
  config.train.store_counts = false;
  config.objective.label_share = config.objective.label_reverse = 0;
  config.objective.observation = 0;
  config.objective.temperature = 1;
  apply_settings(config, student.teachers.settings);
  check_usage(config.teachers.kind == TeacherKind::none && !config.objective.uses_labels(),
              "teachers.settings: a teacher has no teachers of its own; train it by itself and "
              "name it with --teacher RUN");
  config.train.seed = student.train.seed + kSeedStep * number;
  const bool pair = student.teachers.kind == TeacherKind::training;
  if (!pair && student.teachers.tempered) {
    config.objective.temperature = student.labels.temperature;
  }
  if (student.teachers.kind == TeacherKind::data || (pair && number == 1)) {
    const bool users = student.teachers.sample_of == TeacherSample::users;
    (users ? config.train.user_share : config.train.event_share) = student.teachers.share;
    config.train.user_sample = student.teachers.sample + number - 1;
  }
  if (pair && number == 2) tie(student.teachers, config);
  config.model.resolve();
  return config;
}

std::vector<std::string> train_teachers(const TrainRequest& request, Ranks& ranks) {
  std::vector<std::string> folders;
  for (int64_t number = 1; number <= request.config.teachers.stages(); ++number) {
    TrainRequest stage = request;
    stage.run = teacher_folder(request.run, number);
    stage.stage_of = request.stage_of.empty() ? request.run : request.stage_of;
    stage.config = teacher_config(request.config, number);
    const bool tied = stage.config.objective.uses_labels();
    if (tied) stage.config.labels.teachers = folders;
    stage.resume = by_first_rank(ranks, [&] {
                     return goes_on(stage.run, stage.config, "teacher") ? 1.0 : 0.0;
                   }) > 0;
    std::optional<FolderLock> lock;
    if (ranks.rank() == 0) lock.emplace(stage.run, "truenext train");
    log_info("teacher {} of {}", number, request.config.teachers.stages());
    const TrainResult result = train_with_stages(stage, ranks);
    check_data(
        ranks.rank() > 0 || fs::exists(stage.run / kModelFileName),
        "{0}: the teacher has left no model, so there is nobody to learn from; remove {0} to "
        "train it again",
        stage.run.string());
    if (ranks.rank() == 0 && !result.valid_metric.empty()) {
      log_info("teacher {}: valid {} {:.5f} at epoch {}", number, result.valid_metric,
               result.best_value, result.best_epoch);
    }
    folders.push_back(stage.run.string());
  }
  return label_teachers(request);
}

std::string teacher_folder(const fs::path& run, int64_t number) {
  return (run / kTeacherFolder / std::to_string(number)).string();
}

std::vector<std::string> label_teachers(const TrainRequest& request) {
  const TeacherOptions& teachers = request.config.teachers;
  if (teachers.kind == TeacherKind::none) return request.config.labels.teachers;
  const bool main_alone = teachers.kind == TeacherKind::training && !teachers.with_auxiliary;
  std::vector<std::string> folders;
  for (int64_t number = main_alone ? 2 : 1; number <= teachers.stages(); ++number) {
    folders.push_back(teacher_folder(request.run, number));
  }
  return folders;
}

}  // namespace truenext
