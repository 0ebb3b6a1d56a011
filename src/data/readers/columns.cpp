// SPDX-License-Identifier: Apache-2.0
#include "data/readers/columns.h"

#include <algorithm>
#include <cctype>
#include <span>

#include "base/error.h"
#include "base/options.h"
#include "base/printable.h"

namespace truenext {
namespace {

// Usual spellings, in lower case and without "_", "-" and blanks; earlier ones win.
constexpr std::string_view kUserNames[] = {"user",    "userid",    "uid",       "reviewerid",
                                           "session", "sessionid", "visitorid", "customerid"};
constexpr std::string_view kItemNames[] = {
    "item",       "itemid", "iid",      "movie", "movieid", "asin",    "parentasin", "product",
    "productid",  "poi",    "poiid",    "venue", "venueid", "place",   "placeid",    "business",
    "businessid", "artist", "artistid", "track", "trackid", "article", "articleid",  "aid"};
constexpr std::string_view kTimeNames[] = {"time", "timestamp",      "ts",       "unixtime",
                                           "date", "unixreviewtime", "datetime", "eventtime"};
constexpr std::string_view kValueNames[] = {"value", "rating",  "weight",
                                            "score", "overall", "stars"};

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-' && c != ' ') {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return plain;
}

int find_exact(const std::vector<std::string>& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  return at == names.end() ? -1 : static_cast<int>(at - names.begin());
}

int find_usual(const std::vector<std::string>& names, std::span<const std::string_view> usual) {
  for (const std::string_view spelling : usual) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (plain_name(names[i]) == spelling) return static_cast<int>(i);
    }
  }
  return -1;
}

struct Wanted {
  const char* role;
  const std::string& name;
  const char* default_name;
  std::span<const std::string_view> usual;
};

int find_column(const std::vector<std::string>& names, const Wanted& wanted, bool needed,
                const std::string& where) {
  const bool chosen = wanted.name != wanted.default_name;
  if (chosen && wanted.name.empty() && !needed) return -1;  // switched off by the caller
  int at = wanted.name.empty() ? -1 : find_exact(names, wanted.name);
  if (at < 0 && !chosen) at = find_usual(names, wanted.usual);
  if (at < 0 && (needed || chosen)) {
    const std::string near = nearest_word(wanted.name, names);
    fail_data(
        "{}: no column \"{}\" among {}{}; name the {} column with --{}-column, or name the "
        "columns of a file without header with --columns",
        where, wanted.name, printable_list(names),
        near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near), wanted.role, wanted.role);
  }
  return at;
}

}  // namespace

Columns Columns::find(const std::vector<std::string>& names, const ReaderOptions& options,
                      const std::string& where) {
  Columns columns;
  columns.count = static_cast<int>(names.size());
  columns.user = find_column(names, {"user", options.user_column, "user", kUserNames}, true, where);
  columns.item = find_column(names, {"item", options.item_column, "item", kItemNames}, true, where);
  columns.time =
      find_column(names, {"time", options.time_column, "time", kTimeNames}, false, where);
  if (options.values) {
    columns.value =
        find_column(names, {"value", options.value_column, "", kValueNames}, false, where);
  }
  return columns;
}

bool are_usual_names(std::string_view user, std::string_view item) {
  return find_usual({std::string(user)}, kUserNames) == 0 &&
         find_usual({std::string(item)}, kItemNames) == 0;
}

std::vector<std::string> split_names(std::string_view text, char separator) {
  std::vector<std::string> names;
  for (;;) {
    const size_t at = text.find(separator);
    names.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return names;
    text.remove_prefix(at + 1);
  }
}

}  // namespace truenext
