// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace truenext {

/// A raw id in JSON output, from which its bytes can be had again: a text, or, of bytes that are no
/// UTF-8 and therefore no JSON text, {"hex": "636166e9"}.
template <typename Json = nlohmann::ordered_json>
Json id_json(std::string_view id) {
  if (is_utf8(id)) return Json(std::string(id));
  std::string hex;
  for (const char c : id) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return Json{{"hex", hex}};
}

}  // namespace truenext
