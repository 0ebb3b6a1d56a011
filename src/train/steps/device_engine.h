// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "eval/evaluator.h"
#include "net/weight_set.h"
#include "train/steps/step_engine.h"

namespace truenext {

/// Training steps on a device, by the plug-in (train/devices/devices.h): batches and negatives are
/// those of the tile engine, the whole batch is computed at once.
class DeviceEngine : public StepEngine {
 public:
  /// For the start of a run, e.g. "cuda:0, LibTorch 2.13.0, loss on the device".
  virtual std::string describe() const = 0;
  /// The weights of the last step, or their average where one is kept, ranking where they lie. Not
  /// longer than the engine.
  virtual std::unique_ptr<Scorer> scorer(WeightSet set) = 0;
};

}  // namespace truenext
