// SPDX-License-Identifier: Apache-2.0
#include "cli/list_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/resources.h"
#include "base/status_line.h"
#include "cli/arguments.h"

namespace truenext::cli {
namespace {

bool to_file(const ListArguments& arguments) {
  return !arguments.out.empty() && arguments.out != "-";
}

void warn_about(const ListCounts& counts, const std::string& noun) {
  if (counts.without_history > 0) {
    log_warning("{} {} have no item that the model knows and get no list", counts.without_history,
                noun);
  }
  if (counts.empty > 0) {
    log_warning(
        "{} lists are empty: no item is left that is not in the history (--include-seen) and that "
        "--allow, --candidates and --exclude let through",
        counts.empty);
  }
}

}  // namespace

void add_list_options(Command& verb, ListArguments& arguments) {
  const char* const group = "Lists of many";
  verb.add_option("--out", arguments.out,
                  "File for the lists, .csv, .tsv or .jsonl; one that is there is replaced; - is "
                  "standard output, the default")
      .group(group);
  verb.add_option("--format", arguments.format, "csv, tsv or jsonl (default: by the file's name)")
      .one_of({"csv", "tsv", "jsonl"})
      .group(group);
  verb.add_flag("--titles", arguments.titles, "A column of titles, too").group(group);
}

ListFormat list_format(const ListArguments& arguments, bool json) {
  if (!arguments.format.empty()) return *find_word<ListFormat>(arguments.format);
  if (to_file(arguments)) return list_format_of(arguments.out);
  return json ? ListFormat::jsonl : ListFormat::csv;
}

bool can_show_progress(const ListArguments& arguments, const Globals& globals) {
  const bool rows_on_terminal = !to_file(arguments) && ::isatty(STDOUT_FILENO) == 1;
  return !globals.quiet && !rows_on_terminal && can_show_status();
}

void run_lists(const ListJob& job, const ListArguments& arguments, const ListRows::Columns& columns,
               const Globals& globals, WorkerPool& pool) {
  const ListRows rows(list_format(arguments, globals.json), columns);
  const double begun = wall_seconds();
  const double cpu_begun = process_cpu_seconds();
  ListSink sink(arguments.out);
  const ListCounts counts = write_lists(job, rows, sink, pool);
  sink.commit();
  warn_about(counts, job.noun);
  check_data(counts.lists > 0, "none of the {} {} has an item that the model knows", job.count,
             job.noun);
  const double seconds = wall_seconds() - begun;
  log_info("{} rows of {} {} in {:.1f} s ({:.0f}/s, {:.1f} s of CPU), peak memory {} MiB",
           counts.rows, counts.lists, job.noun, seconds,
           static_cast<double>(counts.lists) / std::max(seconds, 1e-9),
           process_cpu_seconds() - cpu_begun, peak_memory_bytes() >> 20);
  if (!to_file(arguments)) return;
  if (globals.json) {
    fmt::print("{{\"file\":{},\"lists\":{},\"rows\":{},\"without_history\":{},\"empty\":{}}}\n",
               json_text(arguments.out), counts.lists, counts.rows, counts.without_history,
               counts.empty);
  } else {
    fmt::print("{}: {} rows, {} {}\n", arguments.out, counts.rows, counts.lists, job.noun);
  }
}

}  // namespace truenext::cli
