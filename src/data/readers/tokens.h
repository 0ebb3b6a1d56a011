// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace truenext {

/// Takes the next blank-separated word off the front of `text`; empty when there is none.
inline std::string_view take_token(std::string_view& text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && is_space(*at)) ++at;
  const char* const begin = at;
  while (at != end && !is_space(*at)) ++at;
  text = {at, static_cast<size_t>(end - at)};
  return {begin, static_cast<size_t>(at - begin)};
}

}  // namespace truenext
