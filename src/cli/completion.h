// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/command_help.h"

namespace truenext::cli {

/// Completion scripts of a program with verbs. Words of an argument are offered where it has any;
/// of words like "key=value" first those that end in "=", then what may follow. Everything else
/// that takes a value gets file names.
std::string bash_completion(const CommandHelp& program);
std::string zsh_completion(const CommandHelp& program);
std::string fish_completion(const CommandHelp& program);

/// The first line, for a description beside a word.
std::string first_line(const std::string& text);

}  // namespace truenext::cli
