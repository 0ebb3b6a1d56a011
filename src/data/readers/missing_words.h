// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace truenext {

/// Of a text with a blank at an end, or an empty one.
std::string_view trimmed_ends(std::string_view text);

/// Blanks and tabs taken off both ends.
inline std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const bool bare = !text.empty() && !is_blank(text.front()) && !is_blank(text.back());
  return bare ? text : trimmed_ends(text);
}

/// Whether a field stands for a missing value: empty, blanks, or one of the words that programs
/// write for it (NaN, None, NULL, NA, <NA>, N/A, #N/A, NaT, \N, undefined, (null)); of "NA" only
/// capitals, the others in any case.
bool is_missing(std::string_view text);

/// The words for --help.
inline constexpr const char* kMissingWords =
    "NaN, None, NULL, NA, <NA>, N/A, #N/A, NaT, \\N, undefined, (null)";

}  // namespace truenext
