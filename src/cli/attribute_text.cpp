// SPDX-License-Identifier: Apache-2.0
#include "cli/attribute_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/terminal_text.h"
#include "data/attributes.h"
#include "data/source_account.h"

namespace truenext::cli {
namespace {

using AccountJson = nlohmann::json;

std::string text_at(const AccountJson& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

int64_t count_at(const AccountJson& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_number_integer() ? at->get<int64_t>() : 0;
}

std::vector<std::string> texts_at(const AccountJson& json, const char* key) {
  std::vector<std::string> texts;
  for (const AccountJson& text : json.value(key, AccountJson::array())) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

/// `item "movieId" = 1, attribute "genres" = Animation, Comedy`; an id that is no UTF-8 as it
/// stands in JSON.
std::string taken_columns(const AccountJson& taken) {
  std::string text;
  for (const AccountJson& column : taken.value("columns", AccountJson::array())) {
    if (!column.is_object()) continue;
    const AccountJson first = column.value("first", AccountJson(""));
    const std::string sample = first.is_string() ? first.get<std::string>() : first.dump();
    text += fmt::format("{}{} \"{}\" = {}", text.empty() ? "" : ", ", text_at(column, "role"),
                        excerpt(text_at(column, "name")), excerpt(sample));
  }
  return text;
}

/// What dataset.json says; folders of older programs say nothing.
AccountJson account_of(const Dataset& dataset) {
  const AccountJson description = AccountJson::parse(dataset.description(), nullptr, false);
  if (!description.is_object()) return AccountJson::object();
  const AccountJson report = description.value("report", AccountJson::object());
  const AccountJson account =
      report.is_object() ? report.value("item_attributes", AccountJson()) : AccountJson();
  return account.is_object() ? account : AccountJson::object();
}

}  // namespace

std::string attribute_text(const Dataset& dataset, size_t width) {
  const int64_t different = dataset.attribute_ids().size();
  if (different == 0) return "";
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<{}}{}\n", name, width, value);
  };
  const auto count = [&](const char* name, int64_t value, const std::string& note) {
    if (value > 0) text += fmt::format("  {:<{}}{:>12}  {}\n", name, width, value, note);
  };
  const AttributeCounts counts = count_attributes(dataset.attributes(), different);
  const AccountJson account = account_of(dataset);
  if (const AccountJson taken = account.value("taken", AccountJson()); taken.is_object()) {
    line("attributes from",
         fmt::format("{}: {}", text_at(account, "format"), excerpt(text_at(taken, "why"), 400)));
    line("  first row", taken_columns(taken));
    line("  would fit too", fmt::format("{}", fmt::join(texts_at(taken, "also_fits"), "; ")));
    if (const auto unused = texts_at(taken, "unused_columns"); !unused.empty()) {
      line("  passed over", "columns " + shown_names(unused));
    }
  }
  count("attributes", different,
        fmt::format("different ones, {:.2f} an item, {} at most",
                    static_cast<double>(counts.entries) / static_cast<double>(dataset.num_items()),
                    counts.most));
  count("items with attributes", counts.items_with, fmt::format("of {}", dataset.num_items()));
  count("items without", dataset.num_items() - counts.items_with, "");
  count("repeated attributes", counts.repeats, "the item has them already: kept");
  count("rows of unknown items", count_at(account, "unknown_rows"),
        fmt::format("of {} in the file: passed over", count_at(account, "rows")));
  count("rows without attribute", count_at(account, "empty_rows"), "");
  return text;
}

}  // namespace truenext::cli
