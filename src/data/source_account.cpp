// SPDX-License-Identifier: Apache-2.0
#include "data/source_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/terminal_text.h"

namespace truenext {
namespace {

constexpr size_t kShownNames = 12;

}  // namespace

nlohmann::ordered_json account_json(const SourceAccount& account) {
  using Json = nlohmann::ordered_json;
  Json columns = Json::array();
  for (const TakenColumn& column : account.columns) {
    columns.push_back(Json{{"role", column.role}, {"name", column.name}, {"first", column.sample}});
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

std::string shell_word(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-.,:/+@%").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return excerpt(text);
  std::string word = "'";
  for (const char c : excerpt(text)) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace truenext
