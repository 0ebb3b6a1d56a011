// SPDX-License-Identifier: Apache-2.0
#include "data/readers/missing_words.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace truenext {
namespace {

// In lower case.
constexpr std::string_view kWords[] = {"nan",       "-nan",   "none",  "null", "<na>",
                                       "n/a",       "#n/a",   "#na",   "nat",  "\\n",
                                       "undefined", "(null)", "<null>"};

bool equal_lower(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

}  // namespace

std::string_view trimmed_ends(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool is_missing(std::string_view text) {
  const std::string_view word = trimmed(text);
  if (word.empty() || word == "NA") return true;
  constexpr size_t kLongest = 9;
  if (word.size() > kLongest) return false;
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view known) { return equal_lower(word, known); });
}

}  // namespace truenext
