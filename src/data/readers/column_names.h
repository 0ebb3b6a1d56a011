// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace truenext {

enum class ColumnRole { user, item, time, value, attribute };

/// How good a name is for a role: 0 for the best of the names that public data use, more for later
/// ones, nothing for any other name. Case, "_", "-" and blanks do not matter.
std::optional<int> place_of_name(ColumnRole role, std::string_view name);

/// Whether a name is formed as names of times of events are (created_at, last_watch_dt,
/// click_time). Those of persons and things (birth_date, release_date) are not.
bool names_a_time(std::string_view name);
/// Whether a name has to do with time in any way (timeframe, minute, birth_date).
bool speaks_of_time(std::string_view name);

}  // namespace truenext
