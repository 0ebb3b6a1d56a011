// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "interop/model_import.h"

namespace truenext::test {

inline ImportOptions named(const std::string& names,
                           const std::vector<std::string>& settings = {}) {
  ImportOptions options;
  options.names = names;
  options.settings = settings;
  return options;
}

inline bool says(const std::vector<std::string>& lines, const std::string& part) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

}  // namespace truenext::test
