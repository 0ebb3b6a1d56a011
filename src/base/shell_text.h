// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace truenext {

/// Text between single quotes of a shell: quotes inside are written '\''.
std::string shell_quoted(std::string_view text);
/// A text as an argument of a shell: between quotes where it needs them.
std::string shell_word(std::string_view text);

}  // namespace truenext
