// SPDX-License-Identifier: Apache-2.0
#include "base/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"

namespace truenext {
namespace {

/// Marks that make a terminal show other characters in another order, line ends of Unicode, and the
/// mark of byte order, which is not seen.
bool turns_direction(uint32_t code) {
  return code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

bool is_wide(uint32_t code) {
  return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
         (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
         (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
         (code >= 0x20000 && code <= 0x3FFFD);
}

std::string escape_of(const Utf8Character& character) {
  switch (character.code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      break;
  }
  if (character.code > 0xFF) return fmt::format("\\u{:04X}", character.code);
  return fmt::format("\\x{:02X}", character.code);
}

std::string escaped(std::string_view text, bool keep_lines, size_t bytes = std::string::npos) {
  std::string shown;
  shown.reserve(std::min(text.size(), bytes));
  while (!text.empty()) {
    const Utf8Character character = first_utf8(text);
    if (shown.size() + character.bytes > bytes) return shown + "...";
    const uint32_t code = character.code;
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    if (keep_lines && code == '\n') {
      shown += '\n';
    } else if (!character.valid || control || turns_direction(code)) {
      shown += escape_of(character);
    } else {
      shown += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return shown;
}

bool continues_character(char c) {
  return (static_cast<uint8_t>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string printable(std::string_view text) {
  return escaped(text, false);
}

std::string excerpt(std::string_view text, size_t bytes) {
  return escaped(text, false, bytes);
}

std::string excerpt_list(const std::vector<std::string>& texts, size_t most) {
  std::string shown;
  for (size_t i = 0; i < std::min(most, texts.size()); ++i) {
    shown += (i == 0 ? "" : ", ") + excerpt(texts[i]);
  }
  if (texts.size() > most) shown += fmt::format(" and {} more", texts.size() - most);
  return shown;
}

std::string printable_lines(std::string_view text) {
  return escaped(text, true);
}

std::string shortened(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  size_t head = bytes - bytes / 4;  // what happened is said first, what to do last
  size_t tail = text.size() - bytes / 4;
  while (head > 0 && continues_character(text[head])) --head;
  while (tail < text.size() && continues_character(text[tail])) ++tail;
  return fmt::format("{} ... ({} bytes left out) ... {}", text.substr(0, head), tail - head,
                     text.substr(tail));
}

std::string fitted(std::string_view line, size_t columns) {
  size_t end = 0, used = 0;
  while (end < line.size()) {
    const Utf8Character character = first_utf8(line.substr(end));
    used += is_wide(character.code) ? 2 : 1;
    if (used > columns) break;
    end += character.bytes;
  }
  return std::string(line.substr(0, end));
}

}  // namespace truenext
