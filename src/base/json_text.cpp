// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"

namespace truenext {
namespace {

void append_escape(const Utf8Character& character, std::string* text) {
  switch (character.code) {
    case '"':
      *text += "\\\"";
      return;
    case '\\':
      *text += "\\\\";
      return;
    case '\n':
      *text += "\\n";
      return;
    case '\t':
      *text += "\\t";
      return;
    case '\r':
      *text += "\\r";
      return;
    default:
      break;
  }
  const uint32_t code = character.valid ? character.code : 0xFFFD;
  fmt::format_to(std::back_inserter(*text), "\\u{:04x}", code);
}

}  // namespace

std::string json_text(std::string_view raw) {
  std::string text = "\"";
  while (!raw.empty()) {
    const Utf8Character character = first_utf8(raw);
    const bool plain = character.valid && character.code >= 0x20 && character.code != '"' &&
                       character.code != '\\' && character.code != 0x7F;
    if (plain) {
      text += raw.substr(0, character.bytes);
    } else {
      append_escape(character, &text);
    }
    raw.remove_prefix(character.bytes);
  }
  return text + '"';
}

}  // namespace truenext
