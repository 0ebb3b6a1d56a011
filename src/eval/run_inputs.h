// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "data/dataset.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"

namespace truenext {

/// The dataset folder that goes with a run: `given` when not empty, else what the run's config.toml
/// says (`run` is a run folder or a model file in one; data/data_place.h), else data.path of the
/// configuration inside the model. Usage Error saying what was looked at when nothing names a
/// folder, data Error when there is no folder where they say.
std::filesystem::path find_data_folder(const std::filesystem::path& run,
                                       const ModelDescription& description,
                                       const std::string& given);

/// What is said of a result where the model was told when it was asked (model.time = "request"):
/// a stronger protocol than to be told the history alone.
inline constexpr const char* kRequestTimeKnown = "request time known";

/// Whether the run measured that part while it was trained (section [watch] of its configuration).
bool watched_in_training(const ModelDescription& description, SplitPart part);

/// Is a dataset what a model was trained on? Of imported models that may be unknown.
enum class DataMatch { same, other, unknown };
std::string data_match_name(DataMatch match);

/// Who was trained, and what follows where that was on other data or is not known.
struct DataClaim {
  std::string model = "the model";
  std::string of_other = "it may have learned from what is held out here";
  std::string of_unknown = "whether the held-out items are new to it cannot be checked";
};

/// Data Error with both fingerprints when the model was trained on other events, or on another
/// split of them (it may have seen what is held out here); with `allow` only a warning. A model
/// without fingerprints is let through with a warning.
DataMatch check_same_data(const ModelDescription& description, const Dataset& dataset, bool allow,
                          const DataClaim& claim = {});

}  // namespace truenext
