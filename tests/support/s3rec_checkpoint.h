// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "interop/model_import.h"

namespace truenext::test {

inline const std::filesystem::path kS3rec = std::filesystem::path(TRUENEXT_SHARED_DATA) / "s3rec";

/// One of the shared checkpoints of Li et al. 2023, imported: item i has the raw id i + 1.
class S3recCheckpoint {
 public:
  /// `settings` are what weights do not tell (ImportOptions).
  explicit S3recCheckpoint(const std::string& name, std::vector<std::string> settings = {})
      : state_(open_state_dict(kS3rec / "checkpoints" / (name + ".pt"))),
        model_(import_model(*state_, {.names = "s3rec", .settings = std::move(settings)})),
        weights_(model_.weights()),
        encoder_(make_encoder(model_.description.model, weights_)) {}

  const StateDict& state() const { return *state_; }
  const ImportedModel& model() const { return model_; }
  const SequenceEncoder& encoder() const { return *encoder_; }

 private:
  std::unique_ptr<StateDict> state_;
  ImportedModel model_;
  TensorMap weights_;
  std::unique_ptr<SequenceEncoder> encoder_;
};

}  // namespace truenext::test
