// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/svg_chart.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/grid_run.h"
#include "compare/noise_curves.h"
#include "data/noise.h"
#include "run/grid_plan.h"

namespace truenext::cli {
namespace {

struct RobustArguments {
  std::string file;
  std::string part;  ///< empty = what the file says
  bool list = false;
};

void make_noisy_data(const std::vector<NoisyData>& all) {
  for (const NoisyData& noisy : all) {
    if (holds_noise(noisy.options)) continue;
    const NoiseReport report = truenext::add_noise(noisy.options);
    log_info("{}: {}, {} training events, {} before", noisy.options.out.string(),
             noise_label(report), report.training_events, report.source_training_events);
  }
}

/// Curves of the validation part stand beside those of the test part, like tables.
void write_curves(const GridReport& report, const GridPlan& plan) {
  const std::string name = plan.part == "test" ? "curves" : "curves_" + plan.part;
  const auto points = noise_curve_points(report, plan);
  write_file_atomically(plan.out / (name + ".csv"), noise_curves_csv(points));
  const std::filesystem::path folder = plan.out / name;
  make_folder(folder);
  for (const auto& [file, chart] : noise_charts(points)) {
    write_file_atomically(folder / file, svg_chart(chart));
  }
}

void run_robust(const RobustArguments& arguments, const Globals& globals) {
  GridPlan plan = read_grid_plan(arguments.file);
  if (!arguments.part.empty()) plan.part = arguments.part;
  const std::vector<NoisyData> all = noisy_data(plan);
  GridPlan whole = plan;
  for (const NoisyData& noisy : all) {
    whole.data.emplace_back(noisy.name, noisy.options.out.string());
  }
  if (arguments.list) {
    list_grid(whole, globals);
    return;
  }
  GridVerb verb;
  verb.name = "robust";
  verb.before_runs = [&] { make_noisy_data(all); };
  verb.write_more = [&](const GridReport& report) { write_curves(report, plan); };
  run_grid(whole, verb, globals);
}

}  // namespace

void add_robust(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "robust",
      "Train and judge a grid on data with more and more noise; draw curves (docs/noise.md)");
  auto arguments = std::make_shared<RobustArguments>();
  verb.add_option("file", arguments->file,
                  "TOML file of a grid with a table [noise] of kinds and rates")
      .required();
  verb.add_option("--part", arguments->part,
                  "Held-out part that runs are judged on (default: the file's part, or test)")
      .one_of(grid_parts());
  verb.add_flag("--list", arguments->list, "List the runs and their states, and stop");
  verb.callback([arguments, &globals] { run_robust(*arguments, globals); });
}

}  // namespace truenext::cli
