// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/commands.h"

namespace truenext::cli {

/// `truenext` with all its verbs.
class Program : public CommandLine {
 public:
  Program();

  Globals globals;  ///< set by what is parsed, read by the verb that runs
};

/// Runs a verb with --json for a caller inside this process and returns what it would print; "{}"
/// where that is nothing. `request` is a JSON object of the verb's options by their long names
/// without dashes, `_` where the name has `-`, and of its positionals by name: text, number, true
/// for a flag, or a list of them for what may be given several times. null and false are as if
/// absent. With a table, prepare has that for its input, which the request then does not name.
/// Verbs: prepare, train, evaluate, calibrate, compare, import, export. Throws what the verb
/// throws; usage Error for what the verb does not know. Several threads may run requests at once,
/// each under its own WorkScope.
std::string run_request(const std::string& verb, const std::string& request,
                        ArrowArrayStream* table = nullptr);

}  // namespace truenext::cli
