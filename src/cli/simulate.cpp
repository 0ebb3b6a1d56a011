// SPDX-License-Identifier: Apache-2.0
#include "data/simulate.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "base/resources.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"

namespace truenext::cli {
namespace {

struct SimulateArguments {
  SimulateOptions options;
  std::string out;
};

void run_simulate(SimulateArguments arguments, const Globals& globals) {
  arguments.options.seed = globals.seed;
  const double begin = wall_seconds();
  const int threads = globals.threads > 0 ? globals.threads : available_threads();
  const SimulateReport report = simulate(arguments.options, arguments.out, threads);
  const double seconds = wall_seconds() - begin;
  if (globals.json) {
    const nlohmann::ordered_json json = {
        {"log", arguments.out},        {"truth", report.truth.string()},
        {"users", report.users},       {"events", report.events},
        {"repeats", report.repeats},   {"random_clicks", report.random_clicks},
        {"mixed_in", report.mixed_in}, {"swapped", report.swapped},
        {"seconds", seconds}};
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} events of {} users\n{}: their true next-item distributions\n", arguments.out,
             report.events, report.users, report.truth.string());
  if (report.random_clicks + report.mixed_in + report.swapped > 0) {
    fmt::print("noise: {} random clicks, {} events of another user, {} events swapped\n",
               report.random_clicks, report.mixed_in, report.swapped);
  }
  log_info("{:.1f} s", seconds);
}

}  // namespace

void add_simulate(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "simulate", "Write a synthetic interaction log and the truth it was drawn from");
  auto arguments = std::make_shared<SimulateArguments>();
  SimulateOptions& options = arguments->options;
  verb.add_option("--users", options.users, "Number of users").show_default();
  verb.add_option("--items", options.items, "Number of items").show_default();
  verb.add_option("--events", options.events, "Mean number of events per user").show_default();
  verb.add_option("--interests", options.interests, "Groups of items; users follow one at a time")
      .show_default();
  verb.add_option("--drift", options.drift, "Probability that an event leaves the interest")
      .show_default();
  verb.add_option("--chain", options.chain,
                  "Probability, inside an interest, that an event follows from the last three")
      .show_default();
  verb.add_option("--zipf", options.zipf, "Popularity of the r-th item is r^-ZIPF").show_default();
  verb.add_option(
          "--repeat", options.repeat,
          "Probability that an event repeats one of the last eight (evaluate such logs with "
          "--include-seen)")
      .show_default();
  verb.add_option("--noise-random", options.noise_random, "Share of the log: random clicks")
      .show_default();
  verb.add_option("--noise-mix", options.noise_mix,
                  "Share of the log: events of another user of the account")
      .show_default();
  verb.add_option("--noise-swap", options.noise_swap, "Share of events swapped with a neighbour")
      .show_default();
  verb.add_option("--out", arguments->out, "The log (CSV); the truth goes beside it as .truth")
      .required();
  verb.callback([arguments, &globals] { run_simulate(*arguments, globals); });
}

}  // namespace truenext::cli
