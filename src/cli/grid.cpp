// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/grid_run.h"
#include "run/grid_plan.h"

namespace truenext::cli {
namespace {

struct GridArguments {
  std::string file;
  std::string part;  ///< empty = what the file says
  bool list = false;
};

void run_plan(const GridArguments& arguments, const Globals& globals) {
  GridPlan plan = read_grid_plan(arguments.file);
  check_usage(!plan.noise, "{}: [noise] is for truenext robust, which takes this file",
              plan.source);
  if (!arguments.part.empty()) plan.part = arguments.part;
  if (arguments.list) {
    list_grid(plan, globals);
  } else {
    run_grid(plan, {}, globals);
  }
}

}  // namespace

void add_grid(Command& program, Globals& globals) {
  Command verb = program.add_verb(
      "grid", "Train, judge and compare a grid of configurations and seeds (docs/grid.md)");
  auto arguments = std::make_shared<GridArguments>();
  verb.add_option("file", arguments->file, "TOML file that names data, variants and seeds")
      .required();
  verb.add_option("--part", arguments->part,
                  "Held-out part that runs are judged on (default: the file's part, or test)")
      .one_of(grid_parts());
  verb.add_flag("--list", arguments->list, "List the runs and their states, and stop");
  verb.callback([arguments, &globals] { run_plan(*arguments, globals); });
}

}  // namespace truenext::cli
