// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "run/run_config.h"
#include "train/loop/train_request.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// A training that another one begins with: a run inside the other's folder, found again by its
/// configuration and data (decision 0022). `what` names it in messages.
///
/// Whether the run in `folder` is the one of `config`, as far as it came, so that it is gone on
/// with; a warning where another one is there.
bool goes_on(const std::filesystem::path& folder, const RunConfig& config, const char* what);

/// Writes the configuration of a run whose stages come first, so that it can be resumed when it is
/// stopped in one of them.
void begin_folder(const TrainRequest& request);

/// config.toml of a run: what it makes for itself, teachers and labels, is where the run is and is
/// not named.
std::string run_text(RunConfig config);

/// Runs what comes before the training of `request` (teachers, soft labels, pretraining), each in a
/// folder inside that of the run, then the training. All `ranks` make this call, the first one
/// holds the lock of the folder. Throws as Trainer::fit() when interrupted.
TrainResult train_with_stages(TrainRequest request, Ranks& ranks);

}  // namespace truenext
