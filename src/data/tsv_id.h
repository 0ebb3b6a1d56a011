// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace truenext {

/// An id in one column on one line: tab, line end, carriage return and backslash are written \t,
/// \n, \r and \\.
std::string tsv_id(std::string_view raw);

}  // namespace truenext
