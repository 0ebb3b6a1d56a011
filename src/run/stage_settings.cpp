// SPDX-License-Identifier: Apache-2.0
#include "run/stage_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/log.h"

namespace truenext {
namespace {

constexpr std::string_view kTeacher = "teacher.", kStudent = "student.";

/// CSRec's beta is 0.75 in most of its configurations; half of it is the label's share.
constexpr double kUsualShare = 0.375;

/// Without the stage.
std::string plain(const std::string& setting) {
  const Stage stage = stage_of(setting);
  if (stage == Stage::all) return setting;
  return setting.substr(stage == Stage::teacher ? kTeacher.size() : kStudent.size());
}

/// "key=value" as it is now.
std::string present(RunConfig& config, const std::string& key) {
  OptionList options;
  config.list(options);
  const Option& option = options.find(key, "--set student." + key);
  std::string value = option.toml_value();
  if (option.holds_text() && value.size() >= 2) value = value.substr(1, value.size() - 2);
  return key + "=" + value;
}

/// Keys that say where things are and who learns from whom, not what a stage is.
bool is_of_the_run(const std::string& key) {
  return key.starts_with("data.") || key.starts_with("labels.") || key.starts_with("teachers.") ||
         key == "objective.label_share" || key == "objective.label_reverse";
}

/// A path that --resume finds from any folder; what is no file or folder, such as "popularity", is
/// as it was.
std::string lasting(const std::string& name) {
  std::error_code ignored;
  if (!std::filesystem::exists(name, ignored)) return name;
  return std::filesystem::absolute(name, ignored).lexically_normal().string();
}

/// A preset, or what was chosen for the dataset; the run keeps on record why.
void apply_one(RunConfig& config, const std::string& name,
               const std::optional<PresetChoice>& choice) {
  if (name != kAutoPreset || !choice) {
    apply_preset(config, name);
    return;
  }
  apply_preset(config, choice->preset);
  apply_settings(config, choice->settings);
  config.preset =
      fmt::format("{}: {} ({})", kAutoPreset, choice->preset, fmt::join(choice->reasons, "; "));
}

/// What a teacher has from its place in the run.
bool is_given_to_teachers(const std::string& key) {
  return is_of_the_run(key) || key == "train.seed" || key.starts_with("train.user_") ||
         key == "train.event_share" || key == "objective.observation";
}

}  // namespace

Stage stage_of(const std::string& setting) {
  if (setting.starts_with(kTeacher)) return Stage::teacher;
  return setting.starts_with(kStudent) ? Stage::student : Stage::all;
}

std::string key_of(const std::string& setting) {
  const std::string text = plain(setting);
  return text.substr(0, text.find('='));
}

void apply_presets(RunConfig& config, const PresetNames& names) {
  const bool scheme = is_scheme(names.preset);
  check_usage(scheme || (names.student.empty() && names.teachers.empty()),
              "{}: goes with a preset of teachers, e.g. --preset csrec-m; {} is none",
              names.student.empty() ? "--teacher-preset" : "--student " + names.student,
              names.preset.empty() ? "no preset" : "--preset " + names.preset);
  if (names.preset.empty()) return;
  check_usage(
      std::ranges::find(names.teachers, kAutoPreset) == names.teachers.end(),
      "--teacher-preset {}: leave it out: teachers begin as the student does, and --student "
      "{} chooses for both",
      kAutoPreset, kAutoPreset);
  check_usage(!is_scheme(names.student), "--student {}: want the preset of a model, e.g. {}",
              names.student, kUsualStudent);
  if (!names.student.empty()) apply_one(config, names.student, names.choice);
  apply_one(config, names.preset, names.choice);
  check_usage(names.teachers.empty() || config.teachers.kind != TeacherKind::none,
              "--teacher-preset: no teachers are trained by --preset {}", names.preset);
  config.teachers.presets = names.teachers;
}

bool has_teachers(const RunConfig& config, const std::vector<std::string>& settings) {
  return config.teachers.kind != TeacherKind::none ||
         std::ranges::any_of(settings, [](const std::string& setting) {
           return setting.starts_with("teachers.kind=");
         });
}

bool has_student(const RunConfig& config, const std::vector<std::string>& settings) {
  return has_teachers(config, settings) || !config.labels.teachers.empty() ||
         std::ranges::any_of(settings, [](const std::string& setting) {
           return setting.starts_with("labels.teachers=");
         });
}

std::vector<std::string> of_all_stages(std::vector<std::string> settings) {
  std::erase_if(settings, [](const auto& each) { return stage_of(each) != Stage::all; });
  return settings;
}

void apply_stage_settings(RunConfig& config, const std::vector<std::string>& settings,
                          const std::string& origin) {
  const bool teaches = has_teachers(config, settings), learns = has_student(config, settings);
  std::vector<std::string> of_teachers, of_student;
  for (const std::string& setting : settings) {
    const Stage stage = stage_of(setting);
    check_usage(stage == Stage::all || teaches || (stage == Stage::student && learns),
                "{}{}: this run has no stages of teachers; leave \"{}\" out, or begin with the "
                "preset csrec-m",
                origin, setting, stage == Stage::teacher ? kTeacher : kStudent);
    check_usage(stage != Stage::teacher || !is_given_to_teachers(key_of(setting)),
                "{}{}: a teacher has that from the run: its seed follows from the run's, its "
                "users from teachers.share, what it learns from another from teachers.alpha and "
                "teachers.tie_kept",
                origin, setting);
    if (stage == Stage::teacher) {
      of_teachers.push_back(plain(setting));
    } else if (stage == Stage::student) {
      of_student.push_back(plain(setting));
    } else {
      apply_settings(config, {setting}, origin);
      // Teachers that begin as the student get it from there.
      const bool reaches = !config.teachers.presets.empty() && !is_of_the_run(key_of(setting));
      if (reaches) config.teachers.settings.push_back(setting);
    }
  }
  if (teaches && config.teachers.presets.empty()) {
    for (const std::string& setting : of_student) {
      const std::string key = key_of(setting);
      if (!is_of_the_run(key)) config.teachers.settings.push_back(present(config, key));
    }
  }
  apply_settings(config, of_student, origin);
  RunConfig trial = config;  // a mistake is found before hours of training
  apply_settings(trial, of_teachers, origin);
  config.teachers.settings.insert(config.teachers.settings.end(), of_teachers.begin(),
                                  of_teachers.end());
}

void keep_for_teachers(RunConfig& config, const std::vector<std::string>& settings) {
  if (config.teachers.kind == TeacherKind::none || !config.teachers.presets.empty()) return;
  for (const std::string& setting : settings) {
    config.teachers.settings.push_back(present(config, key_of(setting)));
  }
}

void name_labels(RunConfig& config, const std::string& labels,
                 const std::vector<std::string>& teachers,
                 const std::vector<std::string>& settings) {
  if (!labels.empty()) {
    config.labels.path = lasting(labels);
    config.labels.teachers.clear();  // of a preset
  }
  if (!teachers.empty()) {
    config.labels.teachers.clear();
    for (const std::string& teacher : teachers) {
      config.labels.teachers.push_back(lasting(teacher));
    }
    config.labels.path.clear();
  }
  check_usage(labels.empty() || teachers.empty(),
              "--labels {}: these are made already; leave --teacher out", labels);
  const bool named = !config.labels.path.empty() || !config.labels.teachers.empty();
  check_usage(!named || config.teachers.kind == TeacherKind::none,
              "--teacher and --labels name what is learnt from, and teachers.kind = \"{}\" trains "
              "teachers; use one of the two",
              word_of(config.teachers.kind));
  const bool given = std::ranges::any_of(settings, [](const std::string& setting) {
    return key_of(setting) == "objective.label_share";
  });
  if (!named || given || config.objective.uses_labels()) return;
  config.objective.label_share = kUsualShare;
  log_info("objective.label_share = {}: the share of soft labels in the target where none is set",
           kUsualShare);
}

}  // namespace truenext
