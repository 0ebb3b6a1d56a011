// SPDX-License-Identifier: Apache-2.0
#include "data/readers/typed_header.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/terminal_text.h"
#include "data/readers/columns.h"

namespace truenext {
namespace {

/// The place behind the first type in the name of a column, npos when it has none.
size_t end_of_type(std::string_view name) {
  size_t at = std::string_view::npos;
  for (const std::string_view type : {":token", ":float"}) {
    const size_t found = name.find(type);
    if (found != std::string_view::npos) at = std::min(at, found + type.size());
  }
  if (at == std::string_view::npos) return at;
  return name.substr(at).starts_with("_seq") ? at + 4 : at;
}

std::string separator_name(char c) {
  if (c == ' ') return "space";
  if (c == '\t') return "tab";
  if (c == ',') return "comma";
  if (c == '|') return "pipe";
  return fmt::format("\"{}\"", excerpt({&c, 1}));
}

void check_list(const std::string& name, const std::string& where, SourceAccount& account) {
  const bool of_items = name.ends_with("_list") || are_usual_names("user", name);
  check_data(
      !of_items,
      "{}: the column \"{}\" holds a list in every line: this is a file of histories made for "
      "training, want one event per line (user_id:token, item_id:token, timestamp:float); "
      "take the .inter file from which it was made",
      where, excerpt(name));
  account.warnings.push_back(
      fmt::format("{}: the column \"{}\" holds lists and is passed over", where, excerpt(name)));
}

}  // namespace

std::vector<std::string> untyped_names(const std::vector<std::string>& header,
                                       const std::string& separator, const std::string& where,
                                       SourceAccount& account) {
  std::vector<std::string> names;
  for (const std::string& typed : header) {
    const size_t end = end_of_type(typed);
    if (end < typed.size()) {
      const std::string found = separator_name(typed[end]);
      fail_data(
          "{}: {} stands between the names in the header, want {}; if the whole file is written "
          "so, "
          "say --separator {}",
          where, found, separator_name(separator[0]), found);
    }
    const std::string name = typed.substr(0, typed.rfind(':'));
    if (typed.ends_with("_seq")) check_list(name, where, account);
    names.push_back(name);
  }
  return names;
}

}  // namespace truenext
