// SPDX-License-Identifier: Apache-2.0
#include "inference/item_ids.h"

#include <bit>
#include <functional>

#include "base/error.h"

namespace truenext {

PackedTexts::PackedTexts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets.push_back(static_cast<int64_t>(bytes.size()));
  }
}

TextsView::TextsView(std::span<const uint8_t> bytes, std::span<const int64_t> offsets,
                     const std::string& where)
    : bytes_(bytes), offsets_(offsets) {
  const bool ends = !offsets.empty() && offsets.front() == 0 &&
                    offsets.back() == static_cast<int64_t>(bytes.size());
  check_data(ends, "{}: the bounds of its texts do not fit: the file is damaged", where);
  for (size_t i = 1; i < offsets.size(); ++i) {
    check_data(offsets[i - 1] <= offsets[i], "{}: the bounds of its text {} do not ascend: {}",
               where, i - 1, "the file is damaged");
  }
}

std::optional<int32_t> TextIndex::find(std::string_view text) const {
  std::call_once(built_, [this] { build(); });
  const size_t mask = slots_.size() - 1;
  for (size_t slot = std::hash<std::string_view>()(text) & mask; slots_[slot] >= 0;
       slot = (slot + 1) & mask) {
    if (texts_[slots_[slot]] == text) return slots_[slot];
  }
  return std::nullopt;
}

std::optional<int32_t> TextIndex::repeated() const {
  std::call_once(built_, [this] { build(); });
  return repeated_;
}

void TextIndex::build() const {
  // At most half full, so that runs stay short and a free slot always ends a search.
  slots_.assign(std::bit_ceil(static_cast<size_t>(texts_.size()) * 2 + 1), -1);
  const size_t mask = slots_.size() - 1;
  for (int64_t i = 0; i < texts_.size(); ++i) {
    size_t slot = std::hash<std::string_view>()(texts_[i]) & mask;
    while (slots_[slot] >= 0 && texts_[slots_[slot]] != texts_[i]) slot = (slot + 1) & mask;
    if (slots_[slot] >= 0) {
      repeated_ = static_cast<int32_t>(i);
    } else {
      slots_[slot] = static_cast<int32_t>(i);
    }
  }
}

}  // namespace truenext
