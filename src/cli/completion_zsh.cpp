// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/shell_text.h"
#include "cli/completion.h"

namespace truenext::cli {
namespace {

/// Inside a specification of _arguments these characters end a part.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

/// What is offered for a value: ":NAME:ACTION".
std::string action_of(const ArgumentHelp& argument) {
  const std::string name = argument.is_positional() ? argument.positional : argument.value;
  if (argument.words.empty()) return fmt::format(":{}:_files", escaped(name));
  // With a blank before it an action is called as it stands, without options for compadd.
  const bool settings = argument.words.front().ends_with('=');
  return fmt::format(":{}:{}{}{}", escaped(name), settings ? " _truenext_settings " : "(",
                     fmt::join(argument.words, " "), settings ? "" : ")");
}

std::string specifications(const std::vector<ArgumentHelp>& arguments) {
  std::string text;
  int place = 0;
  for (const ArgumentHelp& argument : arguments) {
    if (argument.is_positional()) {
      const std::string number = argument.repeated ? "*" : std::to_string(++place);
      text += " \\\n      " + shell_quoted(number + action_of(argument));
    }
    for (const std::string& name : argument.names) {
      const std::string equals = argument.takes_value() && name.starts_with("--") ? "=" : "";
      text += " \\\n      " +
              shell_quoted(fmt::format("{}{}{}[{}]{}", argument.repeated ? "*" : "", name, equals,
                                       escaped(first_line(argument.help)),
                                       argument.takes_value() ? action_of(argument) : ""));
    }
  }
  return text;
}

}  // namespace

std::string zsh_completion(const CommandHelp& program) {
  std::string verbs, cases;
  for (const CommandHelp& verb : program.verbs) {
    verbs += "\n    " + shell_quoted(verb.name + ":" + verb.summary);
    cases += fmt::format("    {}) _arguments{}{} ;;\n", verb.name,
                         specifications(program.arguments), specifications(verb.arguments));
  }
  return fmt::format(
      "#compdef truenext\n# written by `truenext completion zsh`\n\n"
      "# Keys first; their values once the key and = are there.\n"
      "_truenext_settings() {{\n"
      "  if [[ $PREFIX == *=* ]]; then\n"
      "    compadd -- ${{(M)@:#*=?*}}\n"
      "  else\n"
      "    compadd -S '' -- ${{(M)@:#*=}}\n"
      "  fi\n"
      "}}\n\n"
      "_truenext() {{\n"
      "  local curcontext=$curcontext state line\n"
      "  typeset -A opt_args\n"
      "  local -a verbs=({}\n  )\n"
      "  _arguments -C{} \\\n      '1:verb:->verb' '*::argument:->rest'\n"
      "  if [[ $state == verb ]]; then\n"
      "    _describe verb verbs\n"
      "    return\n"
      "  fi\n"
      "  case $words[1] in\n{}  esac\n"
      "}}\n\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
      "  _truenext \"$@\"\n"
      "else\n"
      "  compdef _truenext truenext\n"
      "fi\n",
      verbs, specifications(program.arguments), cases);
}

}  // namespace truenext::cli
