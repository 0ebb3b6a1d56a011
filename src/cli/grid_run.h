// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "cli/commands.h"
#include "compare/grid_table.h"
#include "run/grid_plan.h"

namespace truenext::cli {

/// What a verb adds to the run of a grid.
struct GridVerb {
  const char* name = "grid";
  /// Once, before the first run, in the sole use of the plan's folder.
  std::function<void()> before_runs = [] {};
  /// Whenever the tables were written: the number of finished runs or the tests have changed.
  std::function<void(const GridReport&)> write_more = [](const GridReport&) {};
};

/// The state of every run of the plan on stdout.
void list_grid(const GridPlan& plan, const Globals& globals);

/// Trains, judges and compares what is not finished, writes the tables and prints them. Data Error
/// when runs failed, after all others.
void run_grid(const GridPlan& plan, const GridVerb& verb, const Globals& globals);

}  // namespace truenext::cli
