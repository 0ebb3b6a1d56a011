// SPDX-License-Identifier: Apache-2.0
#include "data/readers/json_rows.h"

#include <simdjson.h>

#include <algorithm>

#include "data/recognition.h"

namespace truenext {
namespace {

/// The text of a value; numbers as they are written.
std::string text_of(const simdjson::dom::element& value) {
  if (value.is_string()) return std::string(std::string_view(value));
  if (value.is_int64() || value.is_uint64() || value.is_double()) return simdjson::minify(value);
  return "";
}

}  // namespace

std::vector<std::vector<std::string>> json_rows(std::string_view text,
                                                const std::vector<std::string>& keys) {
  simdjson::dom::parser parser;
  std::vector<std::vector<std::string>> rows;
  for (const std::string_view line : first_lines(text)) {
    simdjson::dom::object object;
    if (parser.parse(line.data(), line.size(), true).get(object)) continue;
    std::vector<std::string>& row = rows.emplace_back(keys.size());
    for (const auto& [key, value] : object) {
      const auto at = std::find(keys.begin(), keys.end(), key);
      if (at != keys.end()) row[static_cast<size_t>(at - keys.begin())] = text_of(value);
    }
  }
  return rows;
}

}  // namespace truenext
