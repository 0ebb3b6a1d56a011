// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// Texts end to end with their bounds: how a model file stores item ids and titles.
struct PackedTexts {
  std::vector<uint8_t> bytes;
  std::vector<int64_t> offsets{0};  ///< one more than there are texts

  explicit PackedTexts(const std::vector<std::string>& texts);
};

/// Borrowed packed texts.
class TextsView {
 public:
  TextsView() = default;
  /// Data Error, beginning with `where`, when the bounds do not ascend from 0 to bytes.size().
  TextsView(std::span<const uint8_t> bytes, std::span<const int64_t> offsets,
            const std::string& where);

  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  std::string_view operator[](int64_t index) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offsets_[index],
            static_cast<size_t>(offsets_[index + 1] - offsets_[index])};
  }

 private:
  static constexpr int64_t kNoTexts[1] = {0};
  std::span<const uint8_t> bytes_;
  std::span<const int64_t> offsets_ = kNoTexts;
};

/// From a text to its index: an open-addressing table, built at the first look-up, since many uses
/// of a model never ask. Thread-safe.
class TextIndex {
 public:
  explicit TextIndex(TextsView texts) : texts_(texts) {}
  std::optional<int32_t> find(std::string_view text) const;
  /// An index whose text occurred before, if any.
  std::optional<int32_t> repeated() const;

 private:
  void build() const;

  TextsView texts_;
  mutable std::once_flag built_;
  mutable std::vector<int32_t> slots_;  ///< -1 = free
  mutable std::optional<int32_t> repeated_;
};

}  // namespace truenext
