// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/command_help.h"

namespace truenext::cli {

/// The manual in the man macros: file name without section, "truenext-train", and text, the
/// program's page first.
std::vector<std::pair<std::string, std::string>> manual_pages(const CommandHelp& program,
                                                              const std::string& version);

}  // namespace truenext::cli
