// SPDX-License-Identifier: Apache-2.0
#include "data/source_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/terminal_text.h"
#include "data/id_json.h"

namespace truenext {
namespace {

constexpr size_t kShownNames = 12;

}  // namespace

nlohmann::ordered_json account_json(const SourceAccount& account) {
  using Json = nlohmann::ordered_json;
  Json columns = Json::array();
  for (const TakenColumn& column : account.columns) {
    columns.push_back(
        Json{{"role", column.role}, {"name", column.name}, {"first", id_json(column.sample)}});
  }
  return {{"why", account.why},
          {"columns", columns},
          {"also_fits", account.also_fits},
          {"unused_columns", account.unused},
          {"passed_over", account.passed_over}};
}

std::string columns_text(const SourceAccount& account) {
  std::string text;
  for (const char* role : {"user", "item", "time", "value"}) {
    if (!text.empty()) text += ", ";
    const auto column = std::find_if(account.columns.begin(), account.columns.end(),
                                     [&](const TakenColumn& c) { return c.role == role; });
    if (column == account.columns.end()) {
      text += fmt::format("no {}", role);
    } else {
      text += fmt::format("{} \"{}\" = {}", role, excerpt(column->name), excerpt(column->sample));
    }
  }
  return text;
}

std::string shown_names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i == kShownNames) return text + fmt::format(" and {} more", names.size() - i);
    text += fmt::format("{}\"{}\"", i > 0 ? ", " : "", excerpt(names[i]));
  }
  return text;
}

}  // namespace truenext
