// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// The first objects of `text`, one a line, as rows of a table: the values of `keys` where they are
/// texts or numbers, else empty texts. Lines that are no objects are left out.
std::vector<std::vector<std::string>> json_rows(std::string_view text,
                                                const std::vector<std::string>& keys);

}  // namespace truenext
