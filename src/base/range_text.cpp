// SPDX-License-Identifier: Apache-2.0
#include "base/range_text.h"

#include <fmt/format.h>

#include <cmath>

namespace truenext {
namespace {

std::string number(double value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  const bool whole = value == std::floor(value) && std::abs(value) <= kExact;
  return whole ? fmt::format("{}", static_cast<long long>(value)) : fmt::format("{}", value);
}

}  // namespace

std::string range_text(double low, double high) {
  if (std::isinf(low)) return std::isinf(high) ? "any number" : "at most " + number(high);
  if (std::isinf(high)) return "at least " + number(low);
  return number(low) + " to " + number(high);
}

}  // namespace truenext
