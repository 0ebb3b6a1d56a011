// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

struct ArrowArrayStream;

namespace truenext::cli {

class Command;

/// Options every verb understands.
struct Globals {
  int threads = 0;  ///< 0 = all available
  uint64_t seed = 42;
  std::string device = "cpu";  ///< of train, evaluate, grid, robust: train/devices/devices.h
  bool json = false;           ///< results on stdout as JSON
  bool quiet = false;
  std::string* result = nullptr;      ///< takes what `json` prints; null = stdout
  ArrowArrayStream* table = nullptr;  ///< read by prepare in the place of a file
};
/// A result as JSON, where it goes.
void print_json(const Globals& globals, const std::string& text);

/// Each adds its verb to the application; the verb runs when it was chosen, throws Error, and
/// leaves its exit status in nothing: returning is success. Results go to stdout, all else to
/// stderr.
void add_simulate(Command& program, Globals& globals);
void add_prepare(Command& program, Globals& globals);
void add_describe(Command& program, Globals& globals);
void add_noise(Command& program, Globals& globals);
void add_train(Command& program, Globals& globals);
void add_label(Command& program, Globals& globals);
void add_evaluate(Command& program, Globals& globals);
void add_stability(Command& program, Globals& globals);
void add_grid(Command& program, Globals& globals);
void add_robust(Command& program, Globals& globals);
void add_compare(Command& program, Globals& globals);
void add_calibrate(Command& program, Globals& globals);
void add_recommend(Command& program, Globals& globals);
void add_similar(Command& program, Globals& globals);
void add_serve(Command& program, Globals& globals);
void add_import(Command& program, Globals& globals);
void add_export(Command& program, Globals& globals);
void add_bench(Command& program, Globals& globals);
void add_options(Command& program, Globals& globals);
/// These two describe the program with all verbs that it has when they run.
void add_completion(Command& program);
void add_manual(Command& program);

}  // namespace truenext::cli
