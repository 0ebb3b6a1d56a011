// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace CLI {
class App;
}

namespace truenext::cli {

/// Options every verb understands.
struct Globals {
  int threads = 0;  ///< 0 = all available
  uint64_t seed = 42;
  std::string device = "cpu";  ///< of train, evaluate and grid, see train/device.h
  bool json = false;           ///< results on stdout as JSON
  bool quiet = false;
};

/// Each adds its verb to the application; the verb runs when it was chosen, throws Error, and
/// leaves its exit status in nothing: returning is success. Results go to stdout, all else to
/// stderr.
void add_simulate(CLI::App& app, Globals& globals);
void add_prepare(CLI::App& app, Globals& globals);
void add_describe(CLI::App& app, Globals& globals);
void add_train(CLI::App& app, Globals& globals);
void add_evaluate(CLI::App& app, Globals& globals);
void add_stability(CLI::App& app, Globals& globals);
void add_grid(CLI::App& app, Globals& globals);
void add_compare(CLI::App& app, Globals& globals);
void add_calibrate(CLI::App& app, Globals& globals);
void add_recommend(CLI::App& app, Globals& globals);
void add_import(CLI::App& app, Globals& globals);
void add_export(CLI::App& app, Globals& globals);
void add_bench(CLI::App& app, Globals& globals);

}  // namespace truenext::cli
