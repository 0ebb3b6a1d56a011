// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace truenext {

/// Columns of the terminal on stderr: what the system says, else the variable COLUMNS, else 80.
size_t terminal_columns();

/// Whether a line that is drawn over and over can be shown: stderr is a terminal that understands
/// it (TERM is not "dumb"), or the program that this thread works for takes it (base/work.h).
bool can_show_status();

/// The one line on stderr that shows progress. It is drawn over itself, cut to the width of the
/// terminal (a longer one would leave a new line each time), and taken away before a message of the
/// log. Thread-safe.
void show_status(std::string_view line);
/// At most ten times a second: true when the last line is older than that, or none is shown.
bool status_is_due();
void clear_status();

}  // namespace truenext
