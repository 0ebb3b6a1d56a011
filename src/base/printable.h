// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// Longest piece of input that a message quotes, in bytes.
inline constexpr size_t kQuotedBytes = 80;

/// Text from outside as a message may show it: control characters, marks that turn the direction of
/// writing and bytes that are no UTF-8 are written \xNN, and of a long text the beginning is shown,
/// then "...". The result is UTF-8 on one line.
std::string printable(std::string_view text, size_t longest = kQuotedBytes);

/// The same for each of `texts`, apart by ", "; at most `most` of them.
std::string printable_list(const std::vector<std::string>& texts, size_t most = 40);

/// Whether the whole text is UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace truenext
