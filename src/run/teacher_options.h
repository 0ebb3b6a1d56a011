// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"

namespace truenext {

/// What makes the teachers of a run differ (CSRec): nothing but their seeds (model), the users that
/// each is trained on (data), or one is tied to the other while it is trained (training): an
/// auxiliary one on a sample of the users, then the main one on all.
enum class TeacherKind { none, model, data, training };
template <>
struct Words<TeacherKind> {
  static constexpr std::array names = {"none", "model", "data", "training"};
};

/// What a sample for a teacher is drawn from (TrainOptions::user_share, ::event_share).
enum class TeacherSample { users, events };
template <>
struct Words<TeacherSample> {
  static constexpr std::array names = {"users", "events"};
};

/// Section [teachers]: stages that are trained before the run, as its teachers (decision 0023).
struct TeacherOptions {
  TeacherKind kind = TeacherKind::none;
  int64_t count = 2;
  std::vector<std::string> presets;   ///< one for all or one each; empty = as the student
  std::vector<std::string> settings;  ///< key=value on top, for every teacher
  TeacherSample sample_of = TeacherSample::users;
  double share = 0.8;           ///< of the users or events of a sample
  int64_t sample = 2000;        ///< seed of the first one's sample, + 1 for each other
  double alpha = 0.5;           ///< of TeacherKind::training: KL(main || auxiliary)'s weight
  int64_t tie_kept = 300;       ///< LabelOptions::kept of the auxiliary's opinion
  bool with_auxiliary = false;  ///< which is then asked for labels, too
  bool observation = false;     ///< the tie has csrec.md 1.6's last term
  bool tempered = false;        ///< teachers are trained at the labels' temperature

  /// Of a training-level pair the auxiliary and the main one.
  int64_t stages() const { return kind == TeacherKind::training ? 2 : count; }

  void list(OptionList& options);
};

}  // namespace truenext
