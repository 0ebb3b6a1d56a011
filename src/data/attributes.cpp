// SPDX-License-Identifier: Apache-2.0
#include "data/attributes.h"

#include <simdjson.h>

#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/terminal_text.h"

namespace truenext {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view attribute_text(ondemand::value value) {
  if (value.type() == ondemand::json_type::string) return value.get_string();
  static_cast<void>(int64_t(value.get_int64()));
  const std::string_view token = value.raw_json_token();
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

ItemAttributes read_attributes(
    const std::string& path, int64_t num_items,
    const std::function<std::optional<int32_t>(std::string_view)>& find) {
  const simdjson::padded_string text(read_file(path));
  ItemAttributes result;
  std::vector<std::vector<int32_t>> rows(static_cast<size_t>(num_items));
  std::vector<bool> seen(rows.size());
  try {
    ondemand::parser parser;
    ondemand::document document = parser.iterate(text);
    for (auto field : document.get_object()) {
      const std::string key(std::string_view(field.unescaped_key()));
      const std::optional<int32_t> item = find(key);
      result.unknown_items += item ? 0 : 1;
      check_data(!item || !seen[*item], "{}: the item \"{}\" occurs twice", path, excerpt(key));
      if (item) seen[*item] = true;
      for (auto value : field.value().get_array()) {
        const std::string_view attribute = attribute_text(value.value());
        if (item) rows[*item].push_back(result.ids.intern(attribute));
      }
    }
  } catch (const simdjson::simdjson_error& error) {
    fail_data("{}: want {{\"item\": [attribute, ...], ...}} with whole numbers or texts: {}", path,
              error.what());
  }
  for (const auto& row : rows) result.rows.add_row(row);
  return result;
}

}  // namespace truenext
