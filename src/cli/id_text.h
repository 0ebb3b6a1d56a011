// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/item_match.h"

namespace truenext::cli {

/// Raw ids of a line: cut at `separator`, or at commas and blanks when it is empty.
std::vector<std::string> split_ids(std::string_view line, const std::string& separator);

/// The ids that an option names: those of a file, one a line, where `value` is the name of one
/// ("-" is standard input), else the value itself, cut by split_ids(). Data Error when the value
/// can only be meant as a file and there is none.
std::vector<std::string> read_ids(const std::string& option, const std::string& value,
                                  const std::string& separator);
/// Usage Error naming two of the sources, each with the option that it was given to, when more than
/// one is "-": standard input can be read only once.
void check_standard_input(const std::vector<std::pair<std::string, std::string>>& sources);
/// One id a line; empty lines are passed over.
std::vector<std::string> read_id_file(const std::string& path);

/// "a, b, c and 17 more".
std::string id_list(const std::vector<std::string>& ids);

/// What to say of a line whose ids may have been torn at their own commas and blanks, beginning
/// with "; "; empty when there is no sign of it.
std::string separator_hint(std::string_view line, const std::string& separator, bool any_unknown,
                           const FindItem& find);

}  // namespace truenext::cli
