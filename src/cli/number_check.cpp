// SPDX-License-Identifier: Apache-2.0
#include "cli/number_check.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/range_text.h"

namespace truenext::cli {
namespace {

struct Parsed {
  bool ok = false;
  bool too_large = false;
  double value = 0;
};

template <typename T>
Parsed parse(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  const bool whole = result.ptr == end && !text.empty();
  return {result.ec == std::errc() && whole, result.ec == std::errc::result_out_of_range && whole,
          static_cast<double>(value)};
}

/// Numbers of 64 bits are judged by their digits: a double does not tell the largest from the next.
Parsed parse_whole(std::string_view text, bool is_signed) {
  const Parsed parsed = parse<int64_t>(text);
  return parsed.too_large && !is_signed ? parse<uint64_t>(text) : parsed;
}

}  // namespace

std::string NumberCheck::complaint(const std::string& text) const {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const Parsed parsed = whole ? parse_whole(digits, is_signed) : parse<double>(digits);
  const std::string wanted = description();
  const std::string want =
      fmt::format("want {} number{}", whole ? "a whole" : "a", wanted.empty() ? "" : ", " + wanted);
  if (parsed.too_large || (whole && parsed.value > most))
    return fmt::format("{} is too large; {}", text, want);
  if (!parsed.ok) {
    const bool fraction = whole && parse<double>(digits).ok;
    return fmt::format("\"{}\" is no {}number; {}", text, fraction ? "whole " : "", want);
  }
  const bool high_enough = above ? parsed.value > low : parsed.value >= low;
  if (std::isfinite(parsed.value) && high_enough && parsed.value <= high) return "";
  return fmt::format("{} is out of range; {}", text, want);
}

std::string NumberCheck::description() const {
  if (std::isinf(low) && std::isinf(high)) return "";
  return above ? fmt::format("above {}", low) : range_text(low, high);
}

}  // namespace truenext::cli
