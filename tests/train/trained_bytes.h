// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "inference/safetensors.h"

namespace truenext::test {

/// Names and bits of every tensor of a file, without what else it says (such as the configured
/// epochs): for telling whether two trainings gave the same.
inline std::string tensor_bytes(const std::filesystem::path& path) {
  std::string bytes;
  const SafetensorsFile file(path);
  for (const auto& [name, tensor] : file.tensors()) {
    bytes.append(name).append(reinterpret_cast<const char*>(tensor.bytes.data()),
                              tensor.bytes.size());
  }
  return bytes;
}

/// Weights and optimiser state of a run, as its last checkpoint holds them.
inline std::string trained_bytes(const std::filesystem::path& run) {
  return tensor_bytes(run / "checkpoint" / "last.safetensors");
}

}  // namespace truenext::test
