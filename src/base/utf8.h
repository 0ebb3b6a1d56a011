// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace truenext {

/// A character of UTF-8.
struct Utf8Character {
  uint32_t code = 0;  ///< the byte itself when it is not valid
  size_t bytes = 1;
  bool valid = false;
};

/// The first character of a text that is not empty; one byte, not valid, where there is none.
Utf8Character first_utf8(std::string_view text);

/// Whether the whole text is UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

/// How many characters the text has; a byte that is not of one counts as one.
size_t utf8_characters(std::string_view text);

}  // namespace truenext
