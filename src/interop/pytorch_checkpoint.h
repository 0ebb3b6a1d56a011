// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "interop/state_dict.h"
#include "interop/tensor_layout.h"
#include "interop/zip_archive.h"

namespace truenext {

/// The state dict of a .pt file as torch.save has written it since PyTorch 1.6: a ZIP of stored
/// entries in one top folder, data.pkl with the names and layouts, data/<key> with the storages.
class PytorchCheckpoint final : public StateDict {
 public:
  explicit PytorchCheckpoint(const std::filesystem::path& path);

  const std::filesystem::path& path() const override { return archive_.path(); }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::vector<float> read(size_t index) const override;

 private:
  struct Source {
    std::string entry;
    TensorLayout layout;
  };
  void add(const std::string& folder, const PickledTensor& tensor);

  ZipArchive archive_;
  std::vector<TensorInfo> tensors_;
  std::vector<Source> sources_;
};

}  // namespace truenext
