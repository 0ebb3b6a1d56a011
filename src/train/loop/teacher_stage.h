// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "run/run_config.h"
#include "train/loop/train_request.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// Folder of the teachers inside that of the run: teachers/1, teachers/2, ...
inline constexpr const char* kTeacherFolder = "teachers";

/// The configuration of teacher `number` (from 1) of a run, that of a run by itself: the student's
/// or a preset, with the settings for teachers, a seed of its own and, by their kind, a sample of
/// the users or a tie to the teacher before it.
RunConfig teacher_config(const RunConfig& student, int64_t number);

std::string teacher_folder(const std::filesystem::path& run, int64_t number);

/// Who is asked for the labels of a run: of its own teachers those that are, else those it names.
std::vector<std::string> label_teachers(const TrainRequest& request);

/// Trains the teachers of the run of `request`, each a run in `request.run`/teachers, and returns
/// label_teachers(). A teacher that is there with the same
/// configuration and data is gone on with or, when it is finished, used as it is; any other is
/// replaced. All `ranks` make this call.
std::vector<std::string> train_teachers(const TrainRequest& request, Ranks& ranks);

}  // namespace truenext
