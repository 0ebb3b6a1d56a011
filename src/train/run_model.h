// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "inference/encoder.h"
#include "run/run_config.h"
#include "train/training_parts.h"

namespace upnext {

/// Writes the model file of a run with these weights. `validation` says how good they are, e.g.
/// "ndcg@10=0.1712 at epoch 40".
void write_run_model(const std::filesystem::path& run, const TrainingParts& parts,
                     RunConfig& config, const TensorMap& weights, const std::string& validation);

}  // namespace upnext
