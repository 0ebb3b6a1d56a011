// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "run/run_config.h"

namespace truenext::cli {
namespace {

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--threads", globals.threads,
                 "Worker threads, 0 = all available; never changes results")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", globals.seed, "Seed of everything random");
  app.add_option("--device", globals.device, "Where train, evaluate and grid compute")
      ->type_name("cpu|cuda|cuda:N");
  app.add_flag("--json", globals.json, "Results on stdout as JSON");
  app.add_flag("--quiet", globals.quiet, "Only warnings and errors on stderr");
}

/// Nobody is to believe that a GPU did what the CPU has done.
void check_device(const CLI::App& app, const std::string& device) {
  if (device == "cpu") return;
  for (const CLI::App* verb : app.get_subcommands()) {
    const std::string name = verb->get_name();
    check_usage(
        name == "train" || name == "evaluate" || name == "grid",
        "--device {}: truenext {} computes on the CPU; only train, evaluate and grid take a "
        "device",
        device, name);
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Trains, judges and serves next-item recommenders."};
  app.name("truenext");
  app.set_version_flag("--version", "truenext " + truenext_version());
  app.require_subcommand(1);
  app.fallthrough();  // the global options are understood before and after the verb
  Globals globals;
  add_globals(app, globals);
  app.parse_complete_callback([&app, &globals] {
    set_quiet(globals.quiet);
    check_device(app, globals.device);
    if (globals.threads == 0) globals.threads = available_threads();
  });
  // Adding a verb: write cli/<verb>.cpp, declare it in commands.h and add a line here.
  add_simulate(app, globals);
  add_prepare(app, globals);
  add_describe(app, globals);
  add_train(app, globals);
  add_evaluate(app, globals);
  add_stability(app, globals);
  add_compare(app, globals);
  add_grid(app, globals);
  add_calibrate(app, globals);
  add_recommend(app, globals);
  add_import(app, globals);
  add_export(app, globals);
  add_bench(app, globals);
  try {
    app.parse(argc, argv);
    return static_cast<int>(ExitCode::ok);
  } catch (const CLI::ParseError& error) {
    // CLI11 has its own exit codes; ours are 0 for --help and 1 for every wrong command line.
    return app.exit(error) == 0 ? static_cast<int>(ExitCode::ok)
                                : static_cast<int>(ExitCode::usage);
  }
}

}  // namespace
}  // namespace truenext::cli

int main(int argc, char** argv) {
  using truenext::ExitCode;
  try {
    truenext::catch_interrupts();
    return truenext::cli::run(argc, argv);
  } catch (const truenext::Error& error) {
    truenext::log_message(truenext::LogLevel::error, error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    truenext::log_message(truenext::LogLevel::error, "out of memory");
    return static_cast<int>(ExitCode::data);
  } catch (const std::exception& error) {
    truenext::log_message(truenext::LogLevel::error, fmt::format("internal: {}", error.what()));
    return static_cast<int>(ExitCode::data);
  }
}
