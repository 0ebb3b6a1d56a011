// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/events.h"

namespace truenext {

/// Who says what the columns are called.
enum class NamedBy {
  header,    ///< the first line, or the keys of JSON
  schema,    ///< the source, apart from its rows
  option,    ///< --columns
  position,  ///< nobody: the usual order
  format,    ///< what the format fixes
};

/// What is known of a table before its events are read.
struct SourceTable {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;  ///< the first ones, each as long as `names`
  std::string where;                           ///< begins the messages
  NamedBy named_by = NamedBy::header;

  std::vector<std::string> column(size_t at) const;
  /// The name, or "field 2" when it does not come from the source.
  std::string shown_name(int column) const;
  /// `who = 17, what = a` of the first row; empty when there is none.
  std::string first_row() const;
};

/// Which column holds what, -1 = none.
struct Columns {
  int user = -1, item = -1, time = -1, value = -1;
  int count = 0;

  /// Finds the columns that the options name, else those whose names and first values fit, and
  /// writes into `account` what was taken, what else would fit and what warns of it. Data Error
  /// that lists the columns with their first values when a needed one is missing, or when columns
  /// taken by position cannot be what they were taken for.
  static Columns find(const SourceTable& table, const ReaderOptions& options,
                      SourceAccount& account);
};

/// Whether both are usual names of such columns: then a line is a header, not an event.
bool are_usual_names(std::string_view user, std::string_view item);
/// Whether the names tell which column is the user and which the item.
bool names_user_and_item(const std::vector<std::string>& names, const ReaderOptions& options);

/// "user,item,-,time" -> its parts.
std::vector<std::string> split_names(std::string_view text, char separator);

}  // namespace truenext
