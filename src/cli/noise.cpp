// SPDX-License-Identifier: Apache-2.0
#include "data/noise.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/resources.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/noise_score.h"
#include "cli/noise_text.h"
#include "data/noise_report.h"

namespace truenext::cli {
namespace {

struct NoiseArguments {
  NoiseOptions options;
  NoiseScoreArguments score;
  std::string source, out;
};

void make_noise(const NoiseArguments& arguments, const Globals& globals) {
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

/// Options of one of the two uses of the verb are none of the other's.
void check_use(const Command& verb) {
  const bool scores = verb.given("--score");
  for (const char* option : scores
                                ? std::vector<const char*>{"--overwrite"}
                                : std::vector<const char*>{"--following", "--allow-other-data"}) {
    check_usage(!verb.given(option), "noise: {} {}", option,
                scores
                    ? "is about a dataset to write, and --score writes none; leave one of them out"
                    : "goes with --score RUN");
  }
  if (scores) return;
  for (const char* option : {"dataset", "--kind", "--rate", "--out"}) {
    check_usage(verb.given(option),
                "noise: {} is missing; say `noise DATASET --kind KIND --rate RATE --out FOLDER` to "
                "write a noisy dataset, or `noise --score RUN` to score events",
                option);
  }
}

double share_on_any_item(NoiseKind kind) {
  check_usage(
      kind == NoiseKind::random_click || kind == NoiseKind::popular_click,
      "noise --score --kind {}: events are scored as clicks of nobody; want random-click or "
      "popular-click, or no --kind for both",
      word_of(kind));
  return kind == NoiseKind::random_click ? 1 : 0;
}

void run_noise(const Command& verb, NoiseArguments& arguments, const Globals& globals) {
  check_use(verb);
  if (!verb.given("--score")) return make_noise(arguments, globals);
  NoiseScoreArguments& score = arguments.score;
  score.data = arguments.source;
  score.out = arguments.out;
  if (verb.given("--rate")) score.options.rate = arguments.options.rate;
  if (verb.given("--kind")) score.options.any_item = share_on_any_item(arguments.options.kind);
  score_noise(score, globals);
}

}  // namespace

void add_noise(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "noise",
      "Write a dataset again with noise in its training parts, every event of it known; or, with "
      "--score, say how much each training event looks like noise to trained runs");
  auto arguments = std::make_shared<NoiseArguments>();
  NoiseOptions& options = arguments->options;
  NoiseScoreArguments& score = arguments->score;
  verb.add_option("dataset", arguments->source,
                  "Dataset folder made by prepare (with --score, default: the run's)");
  verb.add_option(
      "--kind", options.kind,
      "What is done to training parts (docs/noise.md). With --score: random-click or "
      "popular-click, where that is known to be the noise; default: both, equally likely");
  verb.add_option("--rate", options.rate,
                  "How much, 0 or above and below 1: clicks, swapped or dropped events per "
                  "training event; account-mix: share of the users who share an account. With "
                  "--score: the share of noise that is assumed, default 0.1");
  verb.add_option("--out", arguments->out,
                  "Folder to make; with --score: a TSV file, default standard output");
  verb.add_flag("--overwrite", options.overwrite, "Replace a dataset of that name");
  verb.add_option("--score", score.runs,
                  "Run folders or model files that were trained on the dataset, popularity, "
                  "item-to-item: score its training events instead");
  verb.add_option("--following", score.options.following,
                  "With --score: events behind an event that are asked what it does for them")
      .not_negative()
      .show_default();
  verb.add_flag("--allow-other-data", score.allow_other_data,
                "With --score: take runs that were trained on other data with the same items");
  verb.callback([verb, arguments, &globals] { run_noise(verb, *arguments, globals); });
}

}  // namespace truenext::cli
