// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// Text of a user's file, made safe to be shown: control bytes, bytes that are no UTF-8 and marks
/// that turn the direction of writing become \n, \t, \r, \xNN or \uNNNN. Everything else, the
/// backslash too, stays as it is. For one cell of a table.
std::string printable(std::string_view text);
/// The begin of it, at most `bytes` bytes and then "...": what a message quotes of a file.
std::string excerpt(std::string_view text, size_t bytes = 80);
/// The excerpts of the first `most` texts, apart by ", ".
std::string excerpt_list(const std::vector<std::string>& texts, size_t most = 40);
/// The same of a whole message: its line ends stay.
std::string printable_lines(std::string_view text);

/// At most about `bytes` bytes of a text, without its middle, saying how much is left out. Cuts
/// between characters of UTF-8.
std::string shortened(std::string_view text, size_t bytes);

/// As many characters of one line as fit into so many columns. Wide characters count two.
std::string fitted(std::string_view line, size_t columns);

}  // namespace truenext
