// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace truenext::cli {

/// A time of the command line in seconds since 1970: a number or a date as `prepare` reads them
/// (data/time_text.h), or "now". Usage Error naming `option`.
int64_t time_of_option(const std::string& option, const std::string& text);

/// Those of --times, one for each item of the history, separated by commas, none earlier than the
/// one before; none where it was not given. Usage Error when they are not `items`.
std::vector<int64_t> times_of_history(const std::string& text, size_t items);

}  // namespace truenext::cli
