// SPDX-License-Identifier: Apache-2.0
#include "data/readers/columns.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "base/shell_text.h"
#include "base/terminal_text.h"
#include "data/readers/column_names.h"
#include "data/readers/column_trouble.h"
#include "data/readers/missing_words.h"
#include "data/source_account.h"

namespace truenext {
namespace {

struct Wanted {
  ColumnRole role;
  const char* word;
  const std::optional<std::string>& name;  ///< that an option says
  std::string usual;                       ///< goes before the other usual names

  bool chosen() const { return name.has_value(); }
  bool switched_off() const { return chosen() && name->empty(); }
};

int find_exact(const std::vector<std::string>& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  return at == names.end() ? -1 : static_cast<int>(at - names.begin());
}

/// The columns whose names fit, the best first.
std::vector<int> fitting(const std::vector<std::string>& names, const Wanted& wanted) {
  std::vector<std::pair<int, int>> fits;  // place of the name, column
  for (size_t i = 0; i < names.size(); ++i) {
    auto place = place_of_name(wanted.role, names[i]);
    if (!names[i].empty() && names[i] == wanted.usual) place = -1;
    if (place) fits.emplace_back(*place, static_cast<int>(i));
  }
  std::sort(fits.begin(), fits.end());
  std::vector<int> columns;
  for (const auto& [place, column] : fits) columns.push_back(column);
  return columns;
}

/// One call of Columns::find(); the methods are its steps in order.
class ColumnFinder {
 public:
  ColumnFinder(const SourceTable& table, const ReaderOptions& options, SourceAccount& account)
      : table_(table), options_(options), account_(account) {
    for (size_t i = 0; i < table.names.size(); ++i) looks_.push_back(time_look(table.column(i)));
  }

  Columns run() {
    columns_.count = static_cast<int>(table_.names.size());
    take_chosen();
    take_named(user_, columns_.user);
    take_named(item_, columns_.item);
    if (columns_.user < 0 || columns_.item < 0) fail_missing(table_, looks_, columns_);
    take_time();
    if (!value_.switched_off()) take_named(value_, columns_.value);
    check_places(table_, looks_, columns_, account_);
    write_account();
    if (!options_.values) columns_.value = -1;
    return columns_;
  }

 private:
  int& column_of(ColumnRole role) {
    return role == ColumnRole::user   ? columns_.user
           : role == ColumnRole::item ? columns_.item
           : role == ColumnRole::time ? columns_.time
                                      : columns_.value;
  }

  /// What the options name must be there.
  void take_chosen() {
    for (const Wanted* wanted : {&user_, &item_, &time_, &value_}) {
      if (!wanted->chosen() || wanted->switched_off()) continue;
      if (wanted == &value_ && !options_.values) continue;
      int& column = column_of(wanted->role);
      column = find_exact(table_.names, *wanted->name);
      if (column < 0) fail_unknown(table_, *wanted->name, wanted->word);
    }
  }

  bool is_taken(int column) const {
    return column == columns_.user || column == columns_.item || column == columns_.time ||
           column == columns_.value;
  }

  /// By names alone: an id may look like anything.
  void take_named(const Wanted& wanted, int& column) {
    if (column >= 0) return;
    std::vector<std::string> others;
    for (const int fits : fitting(table_.names, wanted)) {
      if (is_taken(fits)) continue;
      if (column < 0) {
        column = fits;
      } else {
        others.push_back(table_.names[fits]);
      }
    }
    if (others.empty() || table_.named_by == NamedBy::format) return;
    account_.also_fits.push_back(fmt::format("{}: {} (--{}-column {})", wanted.word,
                                             shown_names(others), wanted.word,
                                             shell_word(others[0])));
    if (wanted.role == ColumnRole::value) return;  // decides nothing unless it is asked for
    account_.warnings.push_back(fmt::format(
        "several columns fit the {}: \"{}\" is taken{}, {} would fit too; --{}-column {} takes "
        "{} instead",
        wanted.word, excerpt(table_.names[column]), missing_note(column), shown_names(others),
        wanted.word, shell_word(others[0]), others.size() > 1 ? "that" : "it"));
  }

  std::string missing_note(int column) const {
    const std::vector<std::string> values = table_.column(static_cast<size_t>(column));
    const auto missing = std::count_if(values.begin(), values.end(), is_missing);
    if (missing == 0) return "";
    return fmt::format(" (missing in {} of the first {} rows)", missing, values.size());
  }

  /// By names and values: a column of numbers that tell when something happened goes before one
  /// that only may, and that before one that cannot be read.
  void take_time() {
    if (time_.switched_off() || time_.chosen()) return;
    std::vector<std::pair<int, int>> fits;  // how bad the values are, column
    const auto badness = [&](int column) {
      const TimeLook look = looks_[column];
      if (look == TimeLook::date || look == TimeLook::epoch) return 0;
      return look == TimeLook::number || look == TimeLook::unknown ? 1 : 2;
    };
    for (const int column : fitting(table_.names, time_)) {
      if (!is_taken(column)) fits.emplace_back(badness(column), column);
    }
    std::stable_sort(fits.begin(), fits.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    if (!fits.empty() && fits.front().first < 2) {
      columns_.time = fits.front().second;
      return;
    }
    const bool free = table_.named_by != NamedBy::format;
    for (int column = 0; free && column < columns_.count && columns_.time < 0; ++column) {
      if (!is_taken(column) && badness(column) == 0 && names_a_time(table_.names[column])) {
        columns_.time = column;
      }
    }
    // What is called a time and cannot be read is an error rather than no time.
    if (columns_.time < 0 && !fits.empty()) columns_.time = fits.front().second;
  }

  void write_account() {
    if (!time_.switched_off()) warn_about_times(table_, looks_, columns_, time_.chosen(), account_);
    const auto add = [&](const Wanted& wanted, int column) {
      if (column < 0) return;
      const std::string sample = table_.rows.empty() ? "" : table_.rows[0][column];
      account_.columns.push_back({wanted.word, table_.shown_name(column), sample});
    };
    add(user_, columns_.user);
    add(item_, columns_.item);
    add(time_, columns_.time);
    if (options_.values) add(value_, columns_.value);
    for (int column = 0; column < columns_.count; ++column) {
      const bool read = is_taken(column) && (options_.values || column != columns_.value);
      if (!read) account_.unused.push_back(table_.shown_name(column));
    }
  }

  const SourceTable& table_;
  const ReaderOptions& options_;
  SourceAccount& account_;
  std::vector<TimeLook> looks_;
  Columns columns_;
  Wanted user_{ColumnRole::user, "user", options_.user_column, options_.usual_user};
  Wanted item_{ColumnRole::item, "item", options_.item_column, "item"};
  Wanted time_{ColumnRole::time, "time", options_.time_column, "time"};
  Wanted value_{ColumnRole::value, "value", options_.value_column, ""};
};

}  // namespace

std::vector<std::string> SourceTable::column(size_t at) const {
  std::vector<std::string> values;
  for (const auto& row : rows) values.push_back(row[at]);
  return values;
}

std::string SourceTable::shown_name(int column) const {
  const bool by_place = named_by == NamedBy::position || named_by == NamedBy::option;
  return !by_place ? names[column] : fmt::format("field {}", column + 1);
}

std::string SourceTable::first_row() const {
  constexpr size_t kMost = 20;
  if (rows.empty()) return "";
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    text += fmt::format("{}{} = {}", i > 0 ? ", " : "", excerpt(shown_name(static_cast<int>(i))),
                        excerpt(rows[0][i]));
  }
  return text + (names.size() > kMost ? ", ..." : "");
}

Columns Columns::find(const SourceTable& table, const ReaderOptions& options,
                      SourceAccount& account) {
  return ColumnFinder(table, options, account).run();
}

bool names_user_and_item(const std::vector<std::string>& names, const ReaderOptions& options) {
  const auto has = [&](const Wanted& wanted) {
    if (wanted.chosen()) return find_exact(names, *wanted.name) >= 0;
    return !fitting(names, wanted).empty();
  };
  return has({ColumnRole::user, "user", options.user_column, options.usual_user}) &&
         has({ColumnRole::item, "item", options.item_column, "item"});
}

bool are_usual_names(std::string_view user, std::string_view item) {
  return place_of_name(ColumnRole::user, user) && place_of_name(ColumnRole::item, item);
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
