// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "eval/evaluator.h"
#include "net/encoder.h"

namespace truenext {

/// What `truenext evaluate --device` asks of the training library: the scores of a finished model,
/// made on a device (train/device_scorer.h).
struct ScorerRequest {
  std::string device;         ///< cuda | cuda:N | aten-cpu (train/device.h)
  const ModelOptions& model;  ///< resolved
  const TensorMap& weights;   ///< checked against the options; outlive the scorer
};

/// Entry of the training library, looked up by the command by the name truenext_scorer_entry.
using ScorerEntry = void (*)(const ScorerRequest& request, std::unique_ptr<Scorer>* scorer);

}  // namespace truenext
