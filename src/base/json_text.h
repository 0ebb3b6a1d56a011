// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace truenext {

/// A text as JSON writes it, quotes included. A byte that is no UTF-8 becomes the replacement
/// character: for ids, whose bytes must be had again, see id_json().
std::string json_text(std::string_view raw);

}  // namespace truenext
