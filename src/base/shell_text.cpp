// SPDX-License-Identifier: Apache-2.0
#include "base/shell_text.h"

#include <algorithm>

namespace truenext {

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string shell_word(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-.,:/+@%").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  const bool needs_none = !text.empty() && std::all_of(text.begin(), text.end(), plain);
  return needs_none ? std::string(text) : shell_quoted(text);
}

}  // namespace truenext
