// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "base/file.h"
#include "data/dataset.h"

namespace truenext {

/// Writes `count` byte strings, `text(i)` for i in 0..count-1, with the order that finds them again
/// (docs/data-formats.md, "id files"). For titles the order is left out.
void write_id_file(const std::filesystem::path& path, int64_t count,
                   const std::function<std::string_view(int64_t)>& text, bool searchable);

/// Such a file, memory-mapped; find() is a binary search.
class IdFile : public IdMap {
 public:
  IdFile() = default;
  /// Data Error when the file is damaged, or does not hold `count` strings.
  IdFile(const std::filesystem::path& path, int64_t count, bool searchable);

  int64_t size() const override { return static_cast<int64_t>(count_); }
  std::string_view raw(int64_t id) const override {
    return {text_ + offsets_[id], static_cast<size_t>(offsets_[id + 1] - offsets_[id])};
  }
  std::optional<int32_t> find(std::string_view raw) const override;
  /// All ids in ascending order of their bytes; empty when not searchable.
  std::span<const int32_t> sorted() const { return sorted_; }

 private:
  MappedFile file_;
  size_t count_ = 0;
  std::span<const int64_t> offsets_;
  const char* text_ = nullptr;
  std::span<const int32_t> sorted_;
};

}  // namespace truenext
