// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "run/run_config.h"

namespace truenext::cli {
namespace {

void add_globals(Command& program, Globals& globals) {
  program
      .add_option("--threads", globals.threads,
                  "Worker threads, 0 = all available; never changes results")
      .not_negative();
  program.add_option("--seed", globals.seed, "Seed of everything random");
  program.add_option("--device", globals.device, "Where train, evaluate, grid and robust compute")
      .show_type("cpu|cuda|cuda:N")
      .suggest({"cpu", "cuda"});
  program.add_flag("--json", globals.json, "Results on stdout as JSON");
  program.add_flag("--quiet", globals.quiet, "Only warnings and errors on stderr");
}

/// Nobody is to believe that a GPU did what the CPU has done.
void check_device(const std::string& verb, const std::string& device) {
  if (device == "cpu") return;
  check_usage(verb == "train" || verb == "evaluate" || verb == "grid" || verb == "robust",
              "--device {}: truenext {} computes on the CPU; only train, evaluate, grid and robust "
              "take a device",
              device, verb);
}

}  // namespace

Program::Program()
    : CommandLine("truenext", "Trains, judges and serves next-item recommenders.",
                  truenext_version()) {
  add_globals(*this, globals);
  before_running([this](const std::string& verb) {
    set_quiet(globals.quiet);
    check_device(verb, globals.device);
    check_usage(globals.threads <= kMaxThreads,
                "--threads {}: want 0 to {}, where 0 is all processors that this process may use "
                "({})",
                globals.threads, kMaxThreads, available_threads());
    if (globals.threads == 0) globals.threads = available_threads();
  });
  // Adding a verb: write cli/<verb>.cpp, declare it in commands.h and add a line here.
  add_simulate(*this, globals);
  add_prepare(*this, globals);
  add_describe(*this, globals);
  add_noise(*this, globals);
  add_train(*this, globals);
  add_evaluate(*this, globals);
  add_label(*this, globals);
  add_stability(*this, globals);
  add_compare(*this, globals);
  add_grid(*this, globals);
  add_robust(*this, globals);
  add_calibrate(*this, globals);
  add_recommend(*this, globals);
  add_similar(*this, globals);
  add_serve(*this, globals);
  add_import(*this, globals);
  add_export(*this, globals);
  add_bench(*this, globals);
  add_options(*this, globals);
  add_completion(*this);
  add_manual(*this);
}

void print_json(const Globals& globals, const std::string& text) {
  if (globals.result != nullptr) {
    *globals.result += text;
  } else {
    fmt::print("{}", text);
  }
}

}  // namespace truenext::cli
