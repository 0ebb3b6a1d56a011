// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace truenext::cli {

/// An option, flag or positional as the manual and shell completion show it.
struct ArgumentHelp {
  std::vector<std::string> names;  ///< "--count", "-k"; empty for a positional
  std::string positional;          ///< its name; empty for an option
  std::string value;               ///< kind of value, "INT"; empty for a flag
  std::string help, group, initial;
  std::vector<std::string> words;  ///< what it can be, or begins with where one ends with "="
  bool only_words = false;         ///< nothing but these
  bool required = false;
  bool repeated = false;  ///< may be given several times

  bool is_positional() const { return names.empty(); }
  bool takes_value() const { return !value.empty(); }
};

/// The program or a verb. Hidden arguments are left out.
struct CommandHelp {
  std::string name, summary;
  std::vector<ArgumentHelp> arguments;  ///< of a verb: without those of the program
  std::vector<CommandHelp> verbs;
};

}  // namespace truenext::cli
