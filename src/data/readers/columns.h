// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/events.h"

namespace truenext {

/// Which column holds what, -1 = none.
struct Columns {
  int user = -1, item = -1, time = -1, value = -1;
  int count = 0;

  /// Finds the columns that the options name among `names`. Data Error that begins with `where` and
  /// lists the names when a needed one is missing.
  static Columns find(const std::vector<std::string>& names, const ReaderOptions& options,
                      const std::string& where);
};

/// Whether both are usual names of such columns: then a line is a header, not an event.
bool are_usual_names(std::string_view user, std::string_view item);

/// "user,item,-,time" -> its parts.
std::vector<std::string> split_names(std::string_view text, char separator);

}  // namespace truenext
