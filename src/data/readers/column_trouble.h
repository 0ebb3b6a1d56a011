// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "data/readers/columns.h"
#include "data/time_look.h"

namespace truenext {

// What is said when it is not plain which column holds what. `looks` has an entry for each column.

/// Data Error: no column for the user or the item. It shows the columns with their first values and
/// an option that would name them.
[[noreturn]] void fail_missing(const SourceTable& table, std::span<const TimeLook> looks,
                               const Columns& columns);
/// Data Error: an option names a column that does not exist.
[[noreturn]] void fail_unknown(const SourceTable& table, const std::string& name, const char* role);

/// Times that stand where ids or values were expected: a data Error when the columns were taken by
/// position, else a warning.
void check_places(const SourceTable& table, std::span<const TimeLook> looks, const Columns& columns,
                  SourceAccount& account);

/// Warns of columns that may be times and are not used, and of a table without times.
void warn_about_times(const SourceTable& table, std::span<const TimeLook> looks,
                      const Columns& columns, bool chosen, SourceAccount& account);

}  // namespace truenext
