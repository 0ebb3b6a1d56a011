// SPDX-License-Identifier: Apache-2.0
#include "train/loop/label_stage.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/resources.h"
#include "base/thread_pool.h"
#include "teachers/asked_labels.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

LabelRule rule_of(const RunConfig& config) {
  LabelRule rule;
  rule.mixing = config.labels.mixing_options();
  rule.kept = config.labels.kept;
  // Only the newest window of a history is ever trained on, unless it is drawn; the newest of the
  // events that are left of a sample reach further back.
  const bool newest =
      config.train.window == TrainingWindow::newest && config.train.event_share == 1;
  if (newest) rule.newest = config.model.max_length;
  return rule;
}

/// Whether the labels of that fingerprint are in the folder, whole.
bool usable(const fs::path& folder, const std::string& fingerprint, const Dataset& dataset) {
  if (!has_labels(folder, fingerprint)) return false;
  try {
    const LabelStore store(folder, dataset);
    return true;
  } catch (const Error& error) {
    log_warning("{}; these labels are made again", error.what());
    return false;
  }
}

void record(std::string& recorded, const std::string& actual) {
  check_data(recorded.empty() || recorded == actual,
             "the soft labels are {}, but the run was started with {}; resume with the labels it "
             "began with",
             actual, recorded);
  recorded = actual;
}

}  // namespace

void check_labels(const RunConfig& config) {
  const LabelOptions& labels = config.labels;
  config.objective.check();  // before anything is made
  const bool uses = config.objective.uses_labels();
  check_usage(!uses || !config.model.padding_class,
              "model.padding_class = true: soft labels (objective.label_share, label_reverse) are "
              "distributions over items and say nothing of padding; set it to false");
  check_usage(!labels.running_sum || config.objective.label_reverse == 0,
              "labels.running_sum = true: KL(model || label) wants a distribution, and what is not "
              "divided is none; set it to false, or objective.label_reverse to 0");
  const bool named =
      !labels.path.empty() || !labels.teachers.empty() || config.teachers.kind != TeacherKind::none;
  check_usage(uses || !named,
              "objective.label_share = 0: soft labels are named, but take no share of any target; "
              "set it, e.g. --set objective.label_share=0.375 (CSRec's beta of 0.75)");
  check_usage(!uses || named,
              "objective.label_share = {}, label_reverse = {}: there are no soft labels; name "
              "teachers with --teacher "
              "RUN, or labels with --labels FOLDER",
              config.objective.label_share, config.objective.label_reverse);
}

std::string fingerprint_of_labels(const RunConfig& config, const Dataset& dataset) {
  return label_fingerprint(rule_of(config), open_members(config.labels.teachers, dataset), dataset);
}

TrainingLabels open_labels(RunConfig& config, const Dataset& dataset) {
  check_labels(config);
  if (config.train.task == TrainTask::pretraining) return {};
  TrainingLabels labels;
  if (!config.objective.uses_labels()) return labels;
  if (!config.labels.path.empty()) {
    auto store = std::make_unique<LabelStore>(config.labels.path, dataset);
    record(config.labels.fingerprint, store->fingerprint());
    labels.source = std::move(store);
    return labels;
  }
  const LabelRule rule = rule_of(config);
  labels.members = open_members(config.labels.teachers, dataset);
  record(config.labels.fingerprint, label_fingerprint(rule, labels.members, dataset));
  log_weights(labels.members);
  labels.source = std::make_unique<AskedLabels>(rule.mixing, labels.members, dataset);
  return labels;
}

bool labels_are_there(const TrainRequest& request, Ranks& ranks) {
  const std::string& begun_with = request.config.labels.fingerprint;
  if (begun_with.empty()) return false;
  const auto there = [&] {
    const Dataset dataset = Dataset::open(request.config.data.path);
    return usable(request.run / kLabelFolder, begun_with, dataset) ? 1.0 : 0.0;
  };
  return by_first_rank(ranks, there) > 0;
}

fs::path make_labels(const TrainRequest& request, Ranks& ranks) {
  const fs::path folder = request.run / kLabelFolder;
  by_first_rank(ranks, [&] {
    const double start = wall_seconds();
    const Dataset dataset = Dataset::open(request.config.data.path);
    const std::vector<Member> members = open_members(request.config.labels.teachers, dataset);
    const LabelRule rule = rule_of(request.config);
    const std::string fingerprint = label_fingerprint(rule, members, dataset);
    if (usable(folder, fingerprint, dataset)) {
      log_info("{}: the labels of these teachers are there", folder.string());
      return 0.0;
    }
    fs::create_directories(request.run);
    log_weights(members);
    WorkerPool pool(request.threads);
    try {
      write_labels(folder, true, rule, members, dataset, pool);
    } catch (const Error& error) {
      if (error.code() != ExitCode::interrupted) throw;
      const fs::path& run = request.stage_of.empty() ? request.run : request.stage_of;
      throw Error(ExitCode::interrupted,
                  fmt::format("stopped while labelling; continue with --resume {}", run.string()));
    }
    log_info("labels      {} in {:.0f} s", LabelStore(folder, dataset).name(),
             wall_seconds() - start);
    return 0.0;
  });
  return folder;
}

}  // namespace truenext
