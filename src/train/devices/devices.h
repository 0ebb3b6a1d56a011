// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "eval/evaluator.h"
#include "net/attribute_lists.h"
#include "net/model_options.h"
#include "net/tensors.h"
#include "run/run_config.h"
#include "train/steps/device_engine.h"

namespace truenext {

struct TrainingParts;

/// Whether `--device` asks for the tile engine, which is the CPU's and needs no plug-in.
inline bool on_tiles(const std::string& name) {
  return name == "cpu";
}

/// What computes elsewhere than in tiles on the CPU: the LibTorch plug-in (src/torch,
/// docs/devices.md). Device names: cuda | cuda:N | aten-cpu.
class Devices {
 public:
  virtual ~Devices() = default;
  /// Usage Error when there is no such device, saying what is lacking.
  virtual void check(const std::string& device) = 0;
  /// The parts, none of whose tables is deferred, outlive the engine, which takes weights and
  /// moments from them at its first step.
  virtual std::unique_ptr<DeviceEngine> engine(const std::string& device, TrainingParts& parts,
                                               const TrainOptions& options) = 0;
  /// Scores of a finished model. `model` is resolved, `weights` and `attributes` are checked
  /// against it; weights outlive the scorer.
  virtual std::unique_ptr<Scorer> scorer(const std::string& device, const ModelOptions& model,
                                         const TensorMap& weights,
                                         const AttributeLists& attributes = {}) = 0;
};

/// Loads the plug-in, libtruenext_torch.so beside this library or TRUENEXT_TORCH_PLUGIN, once.
/// Usage Error that says how to get it when there is none.
Devices& devices();

/// What the plug-in exports by the name truenext_devices. `version` is that of the library that
/// loads it; null when the plug-in was built for another.
using DevicesEntry = Devices* (*)(const char* version);

}  // namespace truenext
