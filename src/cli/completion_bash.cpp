// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/shell_text.h"
#include "cli/completion.h"

namespace truenext::cli {
namespace {

/// `verb` is a pattern of `case`: a name, or "*" for what all verbs understand.
std::string cases_of(const std::string& verb, const std::vector<ArgumentHelp>& arguments) {
  std::string text;
  for (const ArgumentHelp& argument : arguments) {
    if (!argument.takes_value() && !argument.is_positional()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : argument.names) patterns.push_back(verb + "' " + name + "'");
    if (argument.is_positional() && !argument.words.empty()) patterns.push_back(verb + "' '");
    if (patterns.empty()) continue;
    text += fmt::format("    {}) echo {} ;;\n", fmt::join(patterns, " | "),
                        shell_quoted(fmt::format("{}", fmt::join(argument.words, " "))));
  }
  return text;
}

std::string options_of(const std::vector<ArgumentHelp>& arguments) {
  std::vector<std::string> names;
  for (const ArgumentHelp& argument : arguments) {
    names.insert(names.end(), argument.names.begin(), argument.names.end());
  }
  return fmt::format("{}", fmt::join(names, " "));
}

// The line is cut here and not taken from COMP_WORDS, which bash cuts at "=" and ":" too.
constexpr const char* kBody = R"bash(
_truenext() {
  local line=${COMP_LINE:0:COMP_POINT} typed raw current previous verb= word list reply=()
  read -ra typed <<<"$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  COMPREPLY=()
  [[ ${#typed[@]} -ge 2 ]] || return 0
  raw=${typed[-1]} previous=${typed[-2]} current=$raw
  for word in "${typed[@]:1:${#typed[@]}-2}"; do
    if [[ " $_truenext_verbs " == *" $word "* ]]; then verb=$word && break; fi
  done
  [[ $raw == --*=* ]] && previous=${raw%%=*} current=${raw#*=}
  if [[ $current == -* && $raw == "$current" ]]; then
    list=$(_truenext_options "$verb")
  elif list=$(_truenext_words "$verb" "$previous"); then
    :
  elif [[ -z $verb ]]; then
    list=$_truenext_verbs
  else
    list=$(_truenext_words "$verb" '')
  fi
  for word in $(compgen -W "$list" -- "$current"); do
    # Of key=value the values are offered once the key is there.
    if [[ $current == *=* ]]; then
      [[ $word == *= ]] || reply+=("$word")
    else
      [[ $word == *=?* ]] || reply+=("$word")
    fi
  done
  [[ ${#reply[@]} -eq 1 && ${reply[0]} == *= ]] && compopt -o nospace 2>/dev/null
  if [[ $COMP_WORDBREAKS == *=* ]]; then
    [[ $current == *=* ]] && reply=("${reply[@]#*=}")
  elif [[ $raw != "$current" ]]; then
    reply=("${reply[@]/#/${raw%%=*}=}")
  fi
  COMPREPLY=("${reply[@]}")
}
complete -o bashdefault -o default -F _truenext truenext
)bash";

}  // namespace

std::string bash_completion(const CommandHelp& program) {
  std::vector<std::string> verbs;
  std::string words, options;
  for (const CommandHelp& verb : program.verbs) {
    verbs.push_back(verb.name);
    words += cases_of(verb.name, verb.arguments);
    options +=
        fmt::format("    {}) echo {} ;;\n", verb.name, shell_quoted(options_of(verb.arguments)));
  }
  words += cases_of("*", program.arguments);
  return fmt::format(
      "# bash completion of truenext, written by `truenext completion bash`\n\n"
      "_truenext_verbs={}\n\n"
      "# VERB OPTION: what may follow the option; fails where it takes no value. Without an "
      "option:\n"
      "# words that stand by themselves.\n"
      "_truenext_words() {{\n  case \"$1 $2\" in\n{}    *) return 1 ;;\n  esac\n}}\n\n"
      "# VERB: its options and those of all verbs.\n"
      "_truenext_options() {{\n  echo {}\n  case $1 in\n{}  esac\n}}\n{}",
      shell_quoted(fmt::format("{}", fmt::join(verbs, " "))), words,
      shell_quoted(options_of(program.arguments)), options, kBody);
}

}  // namespace truenext::cli
