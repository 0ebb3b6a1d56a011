// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/standard_streams.h"
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

ExitCode run(int argc, char** argv) {
  CommandLine program("truenext", "Trains, judges and serves next-item recommenders.",
                      truenext_version());
  Globals globals;
  add_globals(program, globals);
  program.before_running([&globals](const std::string& verb) {
    set_quiet(globals.quiet);
    check_device(verb, globals.device);
    check_usage(globals.threads <= kMaxThreads,
                "--threads {}: want 0 to {}, where 0 is all processors that this process may use "
                "({})",
                globals.threads, kMaxThreads, available_threads());
    if (globals.threads == 0) globals.threads = available_threads();
  });
  // Adding a verb: write cli/<verb>.cpp, declare it in commands.h and add a line here.
  add_simulate(program, globals);
  add_prepare(program, globals);
  add_describe(program, globals);
  add_noise(program, globals);
  add_train(program, globals);
  add_evaluate(program, globals);
  add_label(program, globals);
  add_stability(program, globals);
  add_compare(program, globals);
  add_grid(program, globals);
  add_robust(program, globals);
  add_calibrate(program, globals);
  add_recommend(program, globals);
  add_similar(program, globals);
  add_import(program, globals);
  add_export(program, globals);
  add_bench(program, globals);
  add_options(program, globals);
  add_completion(program);
  add_manual(program);
  return program.run(argc, argv);
}

/// Success is when what was printed has arrived, too.
ExitCode run_and_flush(int argc, char** argv) {
  try {
    const ExitCode code = run(argc, argv);
    flush_output();
    return code;
  } catch (const std::system_error& error) {  // of fmt::print
    if (output_failed()) fail_output(error.code().value());
    throw;
  }
}

}  // namespace
}  // namespace truenext::cli

int main(int argc, char** argv) {
  using truenext::ExitCode;
  try {
    truenext::guard_standard_streams();
    truenext::catch_interrupts();
    return static_cast<int>(truenext::cli::run_and_flush(argc, argv));
  } catch (const truenext::ReaderLeft&) {
    return static_cast<int>(ExitCode::ok);
  } catch (const truenext::Error& error) {
    truenext::log_message(truenext::LogLevel::error, error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    truenext::log_message(truenext::LogLevel::error, "out of memory");
    return static_cast<int>(ExitCode::data);
  } catch (const std::filesystem::filesystem_error& error) {
    truenext::log_message(truenext::LogLevel::error,
                          fmt::format("{}: {}", error.path1().string(), error.code().message()));
    return static_cast<int>(ExitCode::data);
  } catch (const std::exception& error) {
    truenext::log_message(truenext::LogLevel::error, fmt::format("internal: {}", error.what()));
    return static_cast<int>(ExitCode::data);
  }
}
