// SPDX-License-Identifier: Apache-2.0
#include "cli/command_help.h"

#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace truenext::cli {
namespace {

const std::vector<std::string> kNoWords;

ArgumentHelp argument_help(const CLI::Option& option, const std::vector<std::string>& words) {
  ArgumentHelp help;
  for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
  if (help.names.empty()) help.positional = option.get_name(true);
  // CLI11 puts what is checked behind its own names of types: "TEXT:{test,valid}", "INT:POSITIVE".
  const std::string type = option.get_type_name();
  const std::string bare = type.substr(0, type.find(':'));
  const bool plain = bare == "TEXT" || bare == "INT" || bare == "UINT" || bare == "FLOAT";
  if (option.get_items_expected_max() > 0) help.value = plain ? bare : type;
  help.only_words = type.find(":{") != std::string::npos;
  help.help = option.get_description();
  help.group = option.get_group();
  help.initial = option.get_default_str();
  help.words = words;
  help.required = option.get_required();
  help.repeated = option.get_items_expected_max() > 1;
  return help;
}

}  // namespace

CommandHelp Command::help() const {
  CommandHelp help{app_->get_name(), app_->get_description(), {}, {}};
  for (const CLI::Option* option : app_->get_options()) {
    const bool inherited = app_->get_parent() != nullptr && option == app_->get_help_ptr();
    if (option->get_group().empty() || inherited) continue;
    const auto words = words_->find(option);
    help.arguments.push_back(
        argument_help(*option, words == words_->end() ? kNoWords : words->second));
  }
  for (CLI::App* verb : app_->get_subcommands({})) {
    help.verbs.push_back(Command(verb, words_).help());
  }
  return help;
}

}  // namespace truenext::cli
