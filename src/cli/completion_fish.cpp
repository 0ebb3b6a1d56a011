// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"

namespace truenext::cli {
namespace {

/// Between single quotes of fish, where a backslash escapes itself and the quote.
std::string quoted(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) {
    if (c == '\\' || c == '\'') safe += '\\';
    safe += c;
  }
  return safe + "'";
}

/// `condition` says where the argument may stand, e.g. " -n '...'".
std::string lines_of(const std::vector<ArgumentHelp>& arguments, const std::string& condition) {
  std::string text;
  for (const ArgumentHelp& argument : arguments) {
    const std::string words =
        argument.words.empty()
            ? ""
            : fmt::format(" -a {}", quoted(fmt::format("{}", fmt::join(argument.words, " "))));
    if (argument.is_positional()) {
      if (!words.empty()) text += fmt::format("complete -c truenext{} -f{}\n", condition, words);
      continue;
    }
    text += "complete -c truenext" + condition;
    for (const std::string& name : argument.names) {
      const bool is_long = name.starts_with("--");
      text += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
    }
    if (argument.takes_value()) text += words.empty() ? " -r" : " -x" + words;
    text += fmt::format(" -d {}\n", quoted(first_line(argument.help)));
  }
  return text;
}

}  // namespace

std::string fish_completion(const CommandHelp& program) {
  std::vector<std::string> names;
  for (const CommandHelp& verb : program.verbs) names.push_back(verb.name);
  std::string text = fmt::format(
      "# fish completion of truenext, written by `truenext completion fish`\n\n"
      "set -l verbs {}\n",
      fmt::join(names, " "));
  text += lines_of(program.arguments, "");
  for (const CommandHelp& verb : program.verbs) {
    text += fmt::format(
        "complete -c truenext -f -n \"not __fish_seen_subcommand_from $verbs\" -a {} -d {}\n",
        verb.name, quoted(verb.summary));
    text += lines_of(verb.arguments,
                     fmt::format(" -n {}", quoted("__fish_seen_subcommand_from " + verb.name)));
  }
  return text;
}

}  // namespace truenext::cli
