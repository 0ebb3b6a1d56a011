// SPDX-License-Identifier: Apache-2.0
#include "data/tsv_id.h"

namespace truenext {

std::string tsv_id(std::string_view raw) {
  std::string text;
  for (const char c : raw) {
    switch (c) {
      case '\t':
        text += "\\t";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\\':
        text += "\\\\";
        break;
      default:
        text += c;
    }
  }
  return text;
}

}  // namespace truenext
