// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace truenext {
namespace {

struct Character {
  uint32_t code = 0;
  size_t size = 0;  ///< 0 when the bytes are no UTF-8
};

uint8_t byte_at(std::string_view text, size_t at) {
  return static_cast<uint8_t>(text[at]);
}

Character first_character(std::string_view text) {
  const uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  uint32_t code = lead & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte_at(text, i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[size] || code > 0x10FFFF || surrogate) return {};
  return {code, size};
}

/// What a terminal would obey instead of showing.
bool is_command(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool direction = code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                         (code >= 0x2066 && code <= 0x2069);
  const bool line_end = code == 0x2028 || code == 0x2029;
  return control || direction || line_end || code == 0xFEFF;
}

}  // namespace

std::string printable(std::string_view text, size_t longest) {
  std::string shown;
  while (!text.empty()) {
    const Character character = first_character(text);
    const size_t size = std::max<size_t>(1, character.size);
    if (shown.size() + size > longest) return shown + "...";
    if (character.size == 0 || is_command(character.code)) {
      for (size_t i = 0; i < size; ++i) shown += fmt::format("\\x{:02x}", byte_at(text, i));
    } else {
      shown += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return shown;
}

std::string printable_list(const std::vector<std::string>& texts, size_t most) {
  std::string shown;
  for (size_t i = 0; i < std::min(most, texts.size()); ++i) {
    shown += (i == 0 ? "" : ", ") + printable(texts[i]);
  }
  if (texts.size() > most) {
    fmt::format_to(std::back_inserter(shown), " and {} more", texts.size() - most);
  }
  return shown;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.size == 0) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

}  // namespace truenext
