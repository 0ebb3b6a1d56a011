// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "compare/comparison_report.h"

namespace truenext::cli {
namespace {

struct CompareArguments {
  std::vector<std::string> runs, sides;
  std::string metrics, margin, baseline, csv;
  std::string result, part;
  bool all_pairs = false, mix_times = false;
  int64_t resamples = Resampling().resamples;
};

std::vector<SideRequest> requests_of(const CompareArguments& arguments) {
  std::vector<SideRequest> requests;
  requests.reserve(arguments.runs.size() + arguments.sides.size());
  for (const std::string& run : arguments.runs) requests.push_back({run, {run}});
  for (const std::string& side : arguments.sides) requests.push_back(parse_side(side));
  check_usage(requests.size() >= 2,
              "compare: want two runs or more, e.g. truenext compare runs/a runs/b, or sides of "
              "several seeds, --side a=runs/a1,runs/a2 --side b=runs/b1,runs/b2");
  return requests;
}

size_t baseline_of(const std::vector<SideRequest>& requests, const std::string& name) {
  if (name.empty()) return 0;
  std::vector<std::string> known;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].name == name) return i;
    known.push_back(requests[i].name);
  }
  fail_usage("--baseline {}: no such side; there are {}", name, fmt::join(known, ", "));
}

std::string result_of(const CompareArguments& arguments) {
  check_usage(arguments.part.empty() || arguments.result.empty(),
              "compare: --part {} is short for --result {}; leave one of them out", arguments.part,
              arguments.part);
  if (!arguments.result.empty()) return arguments.result;
  return arguments.part.empty() ? "test" : arguments.part;
}

void run_compare(const CompareArguments& arguments, const Globals& globals) {
  const std::vector<SideRequest> requests = requests_of(arguments);
  ComparisonReport report;
  report.options.baseline = baseline_of(requests, arguments.baseline);
  check_usage(!arguments.all_pairs || arguments.baseline.empty(),
              "--all-pairs has no baseline; leave out one of the two");
  if (arguments.all_pairs) report.options.pairing = Pairing::all_pairs;
  if (!arguments.margin.empty()) report.options.margin = parse_margin(arguments.margin);
  report.options.resampling = {arguments.resamples, globals.seed};
  report.result = result_of(arguments);
  report.sides = read_sides(requests, report.result, arguments.mix_times);
  report.options.metrics = common_metrics(report.sides, arguments.metrics);
  WorkerPool pool(globals.threads > 0 ? globals.threads : available_threads());
  report.comparisons = compare_sides(report.sides, report.options, pool);
  if (!arguments.csv.empty()) {
    write_file_atomically(arguments.csv, comparison_csv(report));
    log_info("written: {}", arguments.csv);
  }
  if (globals.json) {
    print_json(globals, comparison_json(report));
  } else {
    fmt::print("{}", comparison_table(report));
  }
}

}  // namespace

void add_compare(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "compare", "Test whether judged runs differ, user by user (docs/compare.md)");
  auto arguments = std::make_shared<CompareArguments>();
  verb.add_option("runs", arguments->runs, "Run folders, each a side of its own");
  verb.add_option("--side", arguments->sides,
                  "NAME=RUN,RUN,...: runs of one configuration with different seeds")
      .one_value();
  verb.add_option("--result", arguments->result,
                  "Which result of the runs: test (default), valid, test_m5 ...");
  verb.add_option("--part", arguments->part, "The same for a whole part: test or valid")
      .one_of({"test", "valid"});
  verb.add_option("--metrics", arguments->metrics, "Metrics to test (default: all they share)");
  verb.add_option("--baseline", arguments->baseline,
                  "Side that the others are compared with (default: the first)");
  verb.add_flag("--all-pairs", arguments->all_pairs, "Every side with every other");
  verb.add_flag("--mix-request-times", arguments->mix_times,
                "Compare runs that were told the time of each request with others");
  verb.add_option("--margin", arguments->margin,
                  "Equivalence test: 0.005 in units of the metric, 2% of the baseline's mean");
  verb.add_option("--bootstrap", arguments->resamples,
                  "Resamples of the bootstrap and of the randomisation test")
      .between(100, 10000000)
      .show_default();
  verb.add_option("--csv", arguments->csv, "Also write the table to this file");
  verb.callback([arguments, &globals] { run_compare(*arguments, globals); });
}

}  // namespace truenext::cli
