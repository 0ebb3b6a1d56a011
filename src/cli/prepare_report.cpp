// SPDX-License-Identifier: Apache-2.0
#include "cli/prepare_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "cli/attribute_text.h"

namespace truenext::cli {
namespace {

/// Four lines: the format and why, the columns, what else would have fitted, what was passed over.
std::string taken_text(const PrepareReport& report) {
  const SourceAccount& source = report.source;
  const auto line = [](const char* name, const std::string& text) {
    return fmt::format("  {:<22}{}\n", name, text);
  };
  std::vector<std::string> passed_over = source.passed_over;
  if (!source.unused.empty()) passed_over.push_back("columns " + shown_names(source.unused));
  if (report.repeated_headers > 0) {
    passed_over.push_back(fmt::format("{} header lines", report.repeated_headers));
  }
  if (report.lines_skipped > 0) {
    passed_over.push_back(fmt::format("{} broken lines", report.lines_skipped));
  }
  const auto joined = [](const std::vector<std::string>& phrases) {
    return phrases.empty() ? "nothing" : fmt::format("{}", fmt::join(phrases, "; "));
  };
  return line("format", fmt::format("{}: {}", report.format, source.why)) +
         line("columns, first row", columns_text(source)) +
         line("would fit too", joined(source.also_fits)) + line("passed over", joined(passed_over));
}

}  // namespace

std::string report_text(const PrepareReport& report, const Dataset& dataset) {
  std::string text = fmt::format("{}: {} users, {} items, {} events\n", dataset.folder().string(),
                                 report.users, report.items, report.events);
  const auto line = [&](const char* name, int64_t count, const std::string& note) {
    if (count > 0) text += fmt::format("  {:<22}{:>12}  {}\n", name, count, note);
  };
  text += taken_text(report);
  line("events read", report.events_read, "");
  line("broken lines", report.lines_skipped, "passed over");
  line("missing values", report.missing_values, "of them: no user, item or time");
  line("comment lines", report.comment_lines, "passed over");
  line("repeated headers", report.repeated_headers, "passed over");
  line("blanks trimmed", report.trimmed_fields, "fields with blanks around them");
  line("below --min-value", report.events_below_value, "dropped");
  line("duplicates", report.duplicates,
       report.repeats_dropped > 0 ? "equal user, item and time: dropped"
                                  : "equal user, item and time: kept (--drop-repeats drops them)");
  line("filtered", report.events_filtered,
       fmt::format("dropped by --min-user-events and --min-item-events in {} rounds",
                   report.filter_passes));
  line("time travel", report.time_travel, "rows older than the user's row before");
  line("times rounded", report.rounded_times,
       "to whole units (--time-scale); ordered by the full times");
  line("dates without year", report.undated_events, "time -1, before all others");
  line("ties", report.ties,
       fmt::format("of {} users: same time as the event before, in the order of the source",
                   report.users_with_ties));
  line("repeated pairs", report.repeated_pairs, "events whose user had the item before");
  line("items with title", report.titled_items, "");
  text += attribute_text(dataset, 22);
  text += fmt::format("  {:<22}{}{}\n", "split", dataset.split_name(),
                      dataset.has_times() ? "" : "; no times: the order of the file decides");
  if (report.windows) {
    const WindowReport& windows = *report.windows;
    line("windows", windows.windows,
         fmt::format("of {} users with {} events; a window is a user from here on", windows.users,
                     windows.events));
    line("test targets leaked", windows.leaked_test, "trained on in an overlapping window");
    line("validation leaked", windows.leaked_valid, "likewise");
    line("windows before others", windows.before_others,
         "judged while later windows of their user are trained on");
  }
  if (report.cut) {
    text += fmt::format("  {:<22}validation from {}, test from {}\n", "cut times",
                        report.cut->valid_time, report.cut->test_time);
  }
  line("users not validated", report.users_without_valid, "");
  line("users not tested", report.users_without_test, "");
  text += fmt::format("  {:<22}{}\n", "fingerprint", dataset.fingerprint());
  return text;
}

}  // namespace truenext::cli
