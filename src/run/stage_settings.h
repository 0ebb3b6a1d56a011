// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/preset_choice.h"
#include "run/run_config.h"

namespace truenext {

/// Which stages of a run with teachers a setting is for: "teacher.KEY=VALUE", "student.KEY=VALUE",
/// or all of them.
enum class Stage { all, teacher, student };
Stage stage_of(const std::string& setting);
/// The key, without the stage.
std::string key_of(const std::string& setting);

struct PresetNames {
  std::string preset;   ///< a configuration, or a scheme of teachers (is_scheme())
  std::string student;  ///< with a scheme; empty = kUsualStudent
  std::vector<std::string> teachers;
  std::optional<PresetChoice> choice;  ///< what kAutoPreset means as a preset or a student

  /// Whether a choice is wanted.
  bool asks_for_choice() const { return preset == kAutoPreset || student == kAutoPreset; }
};
/// Usage Error when a student is named without a scheme.
void apply_presets(RunConfig& config, const PresetNames& names);

/// Whether a run has stages of teachers once the settings are applied.
bool has_teachers(const RunConfig& config, const std::vector<std::string>& settings);
/// Or learns from somebody who is there.
bool has_student(const RunConfig& config, const std::vector<std::string>& settings);

/// Those that are for student and teachers alike.
std::vector<std::string> of_all_stages(std::vector<std::string> settings);

/// Applies settings to the configuration of the student and, through TeacherOptions::settings, of
/// its teachers. Usage Error that begins with `origin` and the setting when it is wrong, or of a
/// stage that the run has not.
void apply_stage_settings(RunConfig& config, const std::vector<std::string>& settings,
                          const std::string& origin = "--set ");

/// Before settings of a resumed run are applied: its teachers keep what they were begun with.
void keep_for_teachers(RunConfig& config, const std::vector<std::string>& settings);

/// Puts labels or teachers of the command line into the configuration and, when nothing gives their
/// share of the target, CSRec's usual one, saying so.
void name_labels(RunConfig& config, const std::string& labels,
                 const std::vector<std::string>& teachers,
                 const std::vector<std::string>& settings);

}  // namespace truenext
