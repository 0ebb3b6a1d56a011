// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "inference/safetensors.h"

namespace truenext::test {

/// A file's bytes, called as the file is.
inline MemoryFile owned_memory(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {{}, {begin, begin + bytes.size()}, path.string()};
}

/// The same lent, from a place that fits no number.
class LentFile {
 public:
  explicit LentFile(const std::filesystem::path& path) : name_(path.string()) {
    const std::string bytes = read_file(path);
    bytes_.resize(bytes.size() + kShift);
    std::ranges::copy(std::as_bytes(std::span(bytes)), bytes_.begin() + kShift);
  }
  MemoryFile memory() const { return {std::span(bytes_).subspan(kShift), {}, name_}; }

 private:
  static constexpr size_t kShift = 3;
  std::string name_;
  std::vector<std::byte> bytes_;
};

}  // namespace truenext::test
