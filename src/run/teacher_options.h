// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"

namespace truenext {

/// What makes the teachers of a run differ (CSRec): nothing but their seeds (model), or the users
/// that each is trained on (data).
enum class TeacherKind { none, model, data };
template <>
struct Words<TeacherKind> {
  static constexpr std::array names = {"none", "model", "data"};
};

/// Section [teachers]: stages that are trained before the run, as its teachers (decision 0023).
struct TeacherOptions {
  TeacherKind kind = TeacherKind::none;
  int64_t count = 2;
  std::vector<std::string> presets;   ///< one for all or one each; empty = as the student
  std::vector<std::string> settings;  ///< key=value on top, for every teacher
  double share = 0.8;                 ///< of the users, of TeacherKind::data
  int64_t sample = 2000;              ///< seed of the first one's users, + 1 for each other

  void list(OptionList& options);
};

}  // namespace truenext
