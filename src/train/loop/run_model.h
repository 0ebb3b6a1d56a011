// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "eval/evaluator.h"
#include "net/encoder.h"
#include "net/weight_set.h"
#include "run/run_config.h"
#include "train/loop/training_parts.h"
#include "train/steps/device_engine.h"

namespace truenext {

/// call(scorer) with a model in training: the kernels over `weights`, or the scorer of `device`
/// (null = the CPU's tiles) over its own weights of that set.
double with_scorer(const Model& model, const TensorMap& weights, DeviceEngine* device,
                   WeightSet set, const std::function<double(const Scorer&)>& call);

/// Writes the model of a run with these weights to a file. `validation` says how good they are,
/// e.g. "ndcg@10=0.1712 at epoch 40".
void write_run_model(const std::filesystem::path& file, const TrainingParts& parts,
                     const RunConfig& config, const TensorMap& weights,
                     const std::string& validation);

/// Takes away what a run that begins replaces: checkpoints, model, log and results, not its stages.
void clear_run(const std::filesystem::path& run);

}  // namespace truenext
