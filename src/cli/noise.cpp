// SPDX-License-Identifier: Apache-2.0
#include "data/noise.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "base/resources.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/noise_text.h"
#include "data/noise_report.h"

namespace truenext::cli {
namespace {

struct NoiseArguments {
  NoiseOptions options;
  std::string source, out;
};

void run_noise(const NoiseArguments& arguments, const Globals& globals) {
  NoiseOptions options = arguments.options;
  options.source = arguments.source;
  options.out = arguments.out;
  options.seed = globals.seed;
  const double begin = wall_seconds();
  const NoiseReport report = truenext::add_noise(options);
  const Dataset noisy = Dataset::open(options.out);
  if (globals.json) {
    auto json = noise_json(report);
    json["dataset"] = arguments.out;
    json["fingerprint"] = noisy.fingerprint();
    json["split_fingerprint"] = noisy.split_fingerprint();
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("{}: {} training events, {} in {}\n{}", arguments.out, report.training_events,
               report.source_training_events, arguments.source, noise_text(report));
  }
  log_info("{:.1f} s", wall_seconds() - begin);
}

}  // namespace

void add_noise(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "noise", "Write a dataset again with noise in its training parts, every event of it known");
  auto arguments = std::make_shared<NoiseArguments>();
  NoiseOptions& options = arguments->options;
  verb.add_option("dataset", arguments->source, "Dataset folder made by prepare").required();
  verb.add_option("--kind", options.kind, "What is done to training parts (docs/noise.md)")
      .required();
  verb.add_option("--rate", options.rate,
                  "How much, 0 or above and below 1: clicks, swapped or dropped events per "
                  "training event; account-mix: share of the users who share an account")
      .required();
  verb.add_option("--out", arguments->out, "Folder to make").required();
  verb.add_flag("--overwrite", options.overwrite, "Replace a dataset of that name");
  verb.callback([arguments, &globals] { run_noise(*arguments, globals); });
}

}  // namespace truenext::cli
