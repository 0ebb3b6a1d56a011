// SPDX-License-Identifier: Apache-2.0
#include "data/readers/column_trouble.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "base/shell_text.h"
#include "base/terminal_text.h"
#include "data/readers/column_names.h"
#include "data/readers/missing_words.h"
#include "data/source_account.h"
#include "data/time_text.h"

namespace truenext {
namespace {

bool by_place(const SourceTable& table) {
  return table.named_by == NamedBy::position || table.named_by == NamedBy::option;
}

/// What the columns may be, judged by their values: times where they tell when, then the user
/// before the item.
Columns guess(std::span<const TimeLook> looks, Columns known) {
  known.count = static_cast<int>(looks.size());
  const auto is_taken = [&](int c) {
    return c == known.user || c == known.item || c == known.time;
  };
  for (int c = 0; c < known.count; ++c) {
    if (known.time < 0 && !is_taken(c) && tells_when(looks[c])) known.time = c;
  }
  for (int c = 0; c < known.count; ++c) {
    if (is_taken(c) || is_written_date(looks[c])) continue;
    if (known.user < 0) {
      known.user = c;
    } else if (known.item < 0) {
      known.item = c;
    }
  }
  return known;
}

/// "--columns user,time,item,-" or "--user-column Kunde --item-column Artikel".
std::string options_for(const SourceTable& table, const Columns& columns) {
  std::string text;
  if (by_place(table)) {
    for (int c = 0; c < columns.count; ++c) {
      const char* role = c == columns.user   ? "user"
                         : c == columns.item ? "item"
                         : c == columns.time ? "time"
                                             : "-";
      text += fmt::format("{}{}", c > 0 ? "," : "--columns ", role);
    }
    return text;
  }
  const auto add = [&](const char* role, int column) {
    if (column < 0 || place_of_name(ColumnRole::time, table.names[column])) return;
    text += fmt::format("{}--{}-column {}", text.empty() ? "" : " ", role,
                        shell_word(table.names[column]));
  };
  add("user", columns.user);
  add("item", columns.item);
  add("time", columns.time);
  return text;
}

/// Names that are numbers or dates are events rather than names.
bool looks_like_an_event(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return parse_number(name).has_value() || parse_time(name).has_value();
  });
}

/// Another separator that the only field holds.
std::string separator_hint(const std::vector<std::string>& names) {
  static constexpr std::pair<const char*, const char*> kSeparators[] = {
      {"\t", "tab"}, {";", ";"}, {"|", "pipe"}, {",", "comma"}, {"::", "::"}, {" ", "space"}};
  for (const auto& [separator, option] : kSeparators) {
    if (names.size() != 1 || names[0].find(separator) == std::string::npos) continue;
    return fmt::format("; the line is one field, but holds \"{}\": --separator {} cuts it there",
                       excerpt(separator), shell_word(option));
  }
  return "";
}

/// The options that read a table whose first line was taken for names.
std::string options_without_header(SourceTable table) {
  table.rows.insert(table.rows.begin(), table.names);
  table.named_by = NamedBy::position;
  std::vector<TimeLook> looks;
  for (size_t c = 0; c < table.names.size(); ++c) looks.push_back(time_look(table.column(c)));
  return options_for(table, guess(looks, {}));
}

std::string row_text(const SourceTable& table) {
  const std::string row = table.first_row();
  return row.empty() ? "" : "; the first row is " + row;
}

std::string first_value(const SourceTable& table, int column) {
  for (const auto& row : table.rows) {
    if (!is_missing(row[column])) return excerpt(row[column]);
  }
  return "";
}

/// The columns that may say when, and are not used.
std::vector<int> unused_times(const SourceTable& table, std::span<const TimeLook> looks,
                              const Columns& columns) {
  std::vector<int> unused;
  for (int c = 0; c < columns.count; ++c) {
    if (c == columns.user || c == columns.item || c == columns.time || c == columns.value) continue;
    const TimeLook look = looks[c];
    const bool by_value = is_written_date(look) || look == TimeLook::clock;
    const bool numeric = look == TimeLook::number || look == TimeLook::epoch;
    const bool by_name = !by_place(table) && speaks_of_time(table.names[c]) && numeric;
    const bool by_number = columns.time < 0 && look == TimeLook::epoch;
    if (by_value || by_name || by_number) unused.push_back(c);
  }
  return unused;
}

void warn_without_time(const SourceTable& table, std::span<const TimeLook> looks,
                       const Columns& columns, SourceAccount& account) {
  const std::vector<int> unused = unused_times(table, looks, columns);
  if (unused.empty()) {
    account.warnings.push_back(fmt::format(
        "no column was found for the time: the order of the file decides what comes last ({})",
        by_place(table) ? "--columns names one"
                        : "--time-column NAME names one, --time-column \"\" says there is none"));
    return;
  }
  Columns with = columns;
  with.time = unused[0];
  const bool readable = reads_as_time(looks[unused[0]]);
  const bool clock = looks[unused[0]] == TimeLook::clock;
  const std::string how = readable ? by_place(table)
                                         ? options_for(table, with)
                                         : "--time-column " + shell_word(table.names[unused[0]])
                                   : "";
  account.warnings.push_back(fmt::format(
      "no column is taken for the time, but \"{}\" may be one ({}): the order of the file decides "
      "what comes last; {}",
      excerpt(table.shown_name(unused[0])), first_value(table, unused[0]),
      readable ? how + " takes it"
      : clock  ? "it holds times of day: join it with the day into one column"
               : "its form is not read: write 2016-05-01 or seconds since 1970"));
  account.also_fits.push_back(fmt::format("time: \"{}\"{}", excerpt(table.shown_name(unused[0])),
                                          readable ? " (" + how + ")" : ""));
}

}  // namespace

void fail_missing(const SourceTable& table, std::span<const TimeLook> looks,
                  const Columns& columns) {
  const bool user = columns.user < 0, item = columns.item < 0;
  std::string text =
      fmt::format("{}: no column \"{}\"{} among {}", table.where, user ? "user" : "item",
                  user && item ? " and none \"item\"" : "", shown_names(table.names));
  text += separator_hint(table.names) + row_text(table);
  const Columns guessed = guess(looks, columns);
  if (guessed.user >= 0 && guessed.item >= 0) {
    text += "; say which is which, for example " + options_for(table, guessed);
    if (table.named_by == NamedBy::header && looks_like_an_event(table.names)) {
      text += ", or if the first line is an event " + options_without_header(table);
    }
  } else {
    text += fmt::format("; name the {} column with --{}-column", user ? "user" : "item",
                        user ? "user" : "item");
  }
  fail_data("{}", text);
}

void fail_unknown(const SourceTable& table, const std::string& name, const char* role) {
  const std::string near = nearest_word(name, table.names);
  fail_data("{}: no column \"{}\" among {}{}{}; --{}-column names the {} column", table.where,
            excerpt(name), shown_names(table.names),
            near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", excerpt(near)),
            separator_hint(table.names) + row_text(table), role, role);
}

void check_places(const SourceTable& table, std::span<const TimeLook> looks, const Columns& columns,
                  SourceAccount& account) {
  const bool time_is_time = columns.time >= 0 && (tells_when(looks[columns.time]) ||
                                                  looks[columns.time] == TimeLook::unknown);
  for (const auto& [role, column] :
       {std::pair{"user", columns.user}, {"item", columns.item}, {"value", columns.value}}) {
    if (column < 0) continue;
    const bool numbers = looks[column] == TimeLook::epoch && !time_is_time &&
                         table.named_by != NamedBy::header && table.named_by != NamedBy::schema;
    if (!is_written_date(looks[column]) && !numbers) continue;
    const std::string found =
        fmt::format("{} holds times ({}), yet is taken for the {}",
                    excerpt(table.shown_name(column)), first_value(table, column), role);
    if (table.named_by != NamedBy::position) {
      account.warnings.push_back(fmt::format("{}: {}", table.where, found));
      continue;
    }
    fail_data(
        "{}: without header the columns are taken by position as {}, but {}{}; say which is "
        "which, for example {}",
        table.where, fmt::join(table.names, ", "), found, row_text(table),
        options_for(table, guess(looks, {})));
  }
}

void warn_about_times(const SourceTable& table, std::span<const TimeLook> looks,
                      const Columns& columns, bool chosen, SourceAccount& account) {
  if (table.named_by == NamedBy::format) return;
  if (columns.time < 0) {
    warn_without_time(table, looks, columns, account);
    return;
  }
  if (table.named_by == NamedBy::position && columns.value < 0 &&
      looks[columns.time] == TimeLook::number) {
    account.also_fits.emplace_back("values: --columns user,item,value");
    account.warnings.push_back(fmt::format(
        "{}: field 3 is taken for the time by position, though its numbers ({}) do not look like "
        "times since 1970; if they are values, say --columns user,item,value",
        table.where, first_value(table, columns.time)));
  }
  if (chosen || by_place(table)) return;  // said by the user
  std::vector<std::string> others;
  for (const int c : unused_times(table, looks, columns)) {
    if (looks[c] != TimeLook::clock) {
      if (reads_as_time(looks[c])) others.push_back(table.names[c]);
    } else if (looks[columns.time] == TimeLook::date) {
      account.warnings.push_back(fmt::format(
          "\"{}\" holds times of day and is not used: within a day the order of the file decides; "
          "join it with \"{}\" into one column, as 2015-06-07 10:51:09",
          excerpt(table.names[c]), excerpt(table.names[columns.time])));
    }
  }
  if (others.empty()) return;
  account.also_fits.push_back(
      fmt::format("time: {} (--time-column {})", shown_names(others), shell_word(others[0])));
  account.warnings.push_back(fmt::format(
      "\"{}\" is taken for the time; {} may be one too and {} not used; --time-column {} takes {} "
      "instead",
      excerpt(table.names[columns.time]), shown_names(others), others.size() > 1 ? "are" : "is",
      shell_word(others[0]), others.size() > 1 ? "that" : "it"));
}

}  // namespace truenext
