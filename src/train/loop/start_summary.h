// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/model.h"
#include "run/run_config.h"
#include "train/loop/training_parts.h"
#include "train/loop/validator.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// What is about to happen, for the person at the terminal: data, model with its parameters,
/// objective, work per epoch and an estimate of the memory.
std::string start_summary(const RunConfig& config, const TrainingParts& parts,
                          const Validator& validator);

/// What is added to it when several processes train together; else nothing.
std::string processes_text(const Model& model, const Ranks& ranks);

}  // namespace truenext
