// SPDX-License-Identifier: Apache-2.0
#include "train/loop/stage_report.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "eval/ensemble.h"
#include "eval/run_inputs.h"
#include "teachers/member.h"
#include "train/loop/teacher_stage.h"
#include "train/loop/validator.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// The teachers that the run trained, or those it was given.
std::vector<std::string> teachers_of(const TrainRequest& request) {
  const TeacherOptions& teachers = request.config.teachers;
  if (teachers.kind == TeacherKind::none) return request.config.labels.teachers;
  std::vector<std::string> folders;
  for (int64_t number = 1; number <= teachers.stages(); ++number) {
    folders.push_back(teacher_folder(request.run, number));
  }
  return folders;
}

bool are_there(const std::vector<std::string>& teachers) {
  for (const std::string& name : teachers) {
    if (name != kPopularityMember && name != kItemToItemMember && !fs::exists(name)) return false;
  }
  return !teachers.empty();
}

/// Those that labels are made of, as one; null where there is one.
std::unique_ptr<Scorer> as_one(const TrainRequest& request, const Dataset& dataset) {
  const LabelOptions& labels = request.config.labels;
  const std::vector<std::string> asked = label_teachers(request);
  if (asked.size() < 2 || !are_there(asked)) return nullptr;
  EnsembleOptions options;
  if (labels.mixing == Mixing::logit) {
    options.rule = EnsembleRule::mean_logit;
  } else {
    options.mixing = labels.mixing;
    options.temperature = labels.temperature;
  }
  options.weights = labels.mixing_options().weights;
  /// Members keep their models while they are asked.
  class Together final : public Scorer {
   public:
    Together(std::vector<Member> members, const EnsembleOptions& how)
        : members_(std::move(members)) {
      std::vector<std::unique_ptr<Scorer>> scorers;
      for (Member& member : members_) scorers.push_back(std::move(member.scorer));
      together_ = make_ensemble_scorer(std::move(scorers), how);
    }
    int64_t num_items() const override { return together_->num_items(); }
    void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
      together_->score(queries, begin, end, scores);
    }

   private:
    std::vector<Member> members_;
    std::unique_ptr<Scorer> together_;
  };
  return std::make_unique<Together>(open_members(asked, dataset), options);
}

std::string told_text(bool told) {
  return told ? fmt::format(" ({})", kRequestTimeKnown) : "";
}

}  // namespace

void report_stages(const TrainRequest& request, const TrainResult& student) {
  const std::vector<std::string> teachers = teachers_of(request);
  if (student.valid_metric.empty() || student.best_epoch == 0 || !are_there(teachers)) return;
  const Dataset dataset = Dataset::open(request.config.data.path);
  WorkerPool pool(request.threads);
  const Validator validator(dataset, request.config, pool);
  nlohmann::ordered_json json;
  json["part"] = "valid";
  json["metric"] = validator.metric();
  const auto add = [&](const std::string& name, double value) {
    json["stages"].push_back({{"name", name}, {"value", value}});
    log_info("{:<24} valid {} {:.5f}", name, validator.metric(), value);
  };
  // The training is done: a teacher that has become another is no reason to fail.
  const auto measure = [&](const std::string& name, const auto& open) {
    try {
      if (const auto scorer = open()) add(name, validator.measure(*scorer));
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted) throw;
      log_warning("{} cannot be measured beside the student: {}", name, error.what());
    }
  };
  const bool own = request.config.teachers.kind != TeacherKind::none;
  bool any_told = false;
  for (const std::string& name : teachers) {
    std::optional<Member> member;
    std::string label =
        own ? fmt::format("{}/{}", kTeacherFolder, fs::path(name).filename().string()) : name;
    measure(label, [&] {
      member = open_member(name, dataset);
      const bool told =
          member->model && member->model->description().model.time == TimeUse::request;
      any_told |= told;
      label += told_text(told);
      return member->scorer.get();
    });
  }
  measure("teachers as one" + told_text(any_told), [&] { return as_one(request, dataset); });
  add("student" + told_text(request.config.model.time == TimeUse::request), student.best_value);
  write_file_atomically(request.run / kStageReport, json.dump(2) + "\n");
}

}  // namespace truenext
