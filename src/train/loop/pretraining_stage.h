// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "run/run_config.h"
#include "train/loop/train_request.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// Folder of the stage inside that of the run.
inline constexpr const char* kPretrainingFolder = "pretraining";

/// Whether the run begins with a pretraining: pretrain.epochs is not 0 and no other model is named
/// to start from.
bool has_pretraining(const RunConfig& config);

/// The stage as a run of its own: same data, network and seed, task "pretraining", and nothing that
/// only the training after it needs.
RunConfig pretraining_config(const RunConfig& config);

/// Pretrains for the run of `request`, in `request.run`/pretraining, an ordinary run folder, and
/// returns its model file. A stage that is there with the same configuration and data is gone on
/// with or, when it is finished, used as it is; any other is replaced. Runs on the CPU. Throws as
/// Trainer::fit() when interrupted. All `ranks` make this call.
std::filesystem::path pretrain(const TrainRequest& request, Ranks& ranks);

}  // namespace truenext
