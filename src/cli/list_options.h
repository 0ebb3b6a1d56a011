// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/commands.h"
#include "cli/list_job.h"
#include "cli/list_rows.h"

namespace truenext::cli {

class Command;

/// Where the lists of many go, and in what form.
struct ListArguments {
  std::string out, format;
  bool titles = false;
};
void add_list_options(Command& verb, ListArguments& arguments);

/// What --format or else the name of the file says; without both CSV, or with --json JSON lines.
ListFormat list_format(const ListArguments& arguments, bool json);

/// Whether a progress line can be shown that does not run into rows on the same terminal.
bool can_show_progress(const ListArguments& arguments, const Globals& globals);

/// Makes the lists, writes them where the options say and reports what was written.
void run_lists(const ListJob& job, const ListArguments& arguments, const ListRows::Columns& columns,
               const Globals& globals, WorkerPool& pool);

}  // namespace truenext::cli
