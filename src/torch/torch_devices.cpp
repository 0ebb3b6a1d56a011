// SPDX-License-Identifier: Apache-2.0
// The plug-in's only door: truenext_devices(), by which train/devices/devices.cpp gets everything.
#include <string_view>

#include "torch/device.h"
#include "torch/device_scorer.h"
#include "torch/device_tables.h"
#include "torch/tensors.h"
#include "torch/torch_engine.h"
#include "train/devices/devices.h"

namespace truenext {
namespace {

/// The network of a model file with its weights on a device; the model itself keeps no item tables.
struct FileModel {
  FileModel(const std::string& device, const ModelOptions& options, const TensorMap& tensors,
            const AttributeLists& attributes)
      : model(options, {tensors.at(kInputTable).shape[0], RowRange{}}, attributes) {
    const at::Device there = open_device(device);
    const ParameterSet& parameters = model.parameters();
    for (int64_t i = 0; i < parameters.size(); ++i) {
      weights.push_back(to_device(tensors.at(parameters[i].name), there));
    }
    weights = DeviceTables(model, there).readable(weights);
  }
  Model model;
  std::vector<at::Tensor> weights;
};

/// A scorer that brings its own model.
class FileScorer final : private FileModel, public DeviceScorer {
 public:
  FileScorer(const std::string& device, const ModelOptions& options, const TensorMap& tensors,
             const AttributeLists& attributes)
      : FileModel(device, options, tensors, attributes),
        DeviceScorer(FileModel::model, FileModel::weights) {}
};

class TorchDevices final : public Devices {
 public:
  void check(const std::string& device) override { open_device(device); }
  std::unique_ptr<DeviceEngine> engine(const std::string& device, TrainingParts& parts,
                                       const TrainOptions& options) override {
    return std::make_unique<TorchEngine>(parts, options, open_device(device));
  }
  std::unique_ptr<Scorer> scorer(const std::string& device, const ModelOptions& model,
                                 const TensorMap& weights,
                                 const AttributeLists& attributes) override {
    return std::make_unique<FileScorer>(device, model, weights, attributes);
  }
};

}  // namespace
}  // namespace truenext

extern "C" __attribute__((visibility("default"))) truenext::Devices* truenext_devices(
    const char* version) {
  static truenext::TorchDevices devices;
  return std::string_view(version) == TRUENEXT_VERSION ? &devices : nullptr;
}
