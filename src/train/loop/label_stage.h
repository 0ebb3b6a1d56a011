// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "objectives/labels.h"
#include "run/run_config.h"
#include "teachers/label_store.h"
#include "teachers/member.h"
#include "train/loop/train_request.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// Folder of the labels inside that of the run.
inline constexpr const char* kLabelFolder = "labels";

/// The soft labels of a training, with what they are made from.
struct TrainingLabels {
  std::vector<Member> members;  ///< where they are asked in every step
  std::unique_ptr<LabelSource> source;
};

/// Usage Error with the reason when objective.label_share and what is named do not go together.
void check_labels(const RunConfig& config);

/// Of the labels that labels.teachers, which are asked who they are, would give.
std::string fingerprint_of_labels(const RunConfig& config, const Dataset& dataset);

/// Opens what section [labels] names and records its fingerprint in `config`, or refuses another
/// one. Empty without objective.label_share. Usage Error when there are no labels to be had.
TrainingLabels open_labels(RunConfig& config, const Dataset& dataset);

/// Whether the labels that the run of `request` was started with are in its folder, so that no
/// teacher is needed.
bool labels_are_there(const TrainRequest& request, Ranks& ranks);

/// Asks the teachers for the labels of the run of `request`, in `request.run`/labels, and returns
/// the folder. Labels that are there and the same are used as they are. All `ranks` make this call.
std::filesystem::path make_labels(const TrainRequest& request, Ranks& ranks);

}  // namespace truenext
