// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "interop/pickle_machine.h"
#include "interop/state_dict.h"
#include "interop/zip_archive.h"

namespace truenext {

/// Where a tensor's elements lie in a storage; offset and strides count elements.
struct TensorLayout {
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
};

/// Data Error, beginning with `where`, unless all elements lie inside the storage and are no more
/// than it holds: a tensor that repeats its storage could ask for any amount of memory.
void check_layout(const TensorLayout& layout, int64_t storage_elements, const std::string& where);

/// The elements of a checked layout, row-major. `storage` holds little-endian float32.
std::vector<float> gather_layout(const TensorLayout& layout, std::span<const std::byte> storage);

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
  void add(const std::string& folder, const PickleValue& name, const PickleValue& tensor);

  ZipArchive archive_;
  std::vector<TensorInfo> tensors_;
  std::vector<Source> sources_;
};

}  // namespace truenext
