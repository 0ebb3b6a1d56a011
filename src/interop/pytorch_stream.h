// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "interop/state_dict.h"
#include "interop/tensor_layout.h"

namespace truenext {

/// The state dict of a .pt file as torch.save wrote it before PyTorch 1.6 (and writes it still with
/// _use_new_zipfile_serialization=False): five pickles end to end - magic number, protocol,
/// machine, state dict, list of storage keys - and the storages in the order of the list, each a
/// 64-bit number of elements and its elements. Source: torch/serialization.py, _legacy_save.
/// Opening checks that the storages fill the file exactly; data Error naming what was refused.
class PytorchStream final : public StateDict {
 public:
  explicit PytorchStream(const std::filesystem::path& path);

  const std::filesystem::path& path() const override { return path_; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::vector<float> read(size_t index) const override;

 private:
  using Storages = std::map<std::string, std::span<const std::byte>>;
  Storages take_storages(const PickleValue& keys, const std::map<std::string, int64_t>& sizes,
                         size_t position) const;

  std::filesystem::path path_;
  MappedFile file_;
  Storages storages_;
  std::vector<TensorInfo> tensors_;
  std::vector<PickledTensor> sources_;
};

}  // namespace truenext
