// SPDX-License-Identifier: Apache-2.0
#include "data/time_look.h"

#include <algorithm>
#include <cmath>

#include "data/readers/missing_words.h"
#include "data/time_text.h"

namespace truenext {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The text with every run of digits replaced by their number: "01.05.2016" is "2.2.4".
std::string shape_of(std::string_view text) {
  std::string shape;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && is_digit(text[end])) ++end;
    shape += end > at ? std::to_string(end - at) : std::string(1, text[at]);
    at = std::max(end, at + 1);
  }
  return shape;
}

bool is_clock(std::string_view text) {
  const std::string shape = shape_of(text);
  return shape == "2:2" || shape == "1:2" || shape == "2:2:2" || shape == "1:2:2";
}

/// Three numbers apart by the same of ". / -", whatever follows a blank.
bool is_other_date(std::string_view text) {
  const std::string shape = shape_of(text.substr(0, text.find_first_of(" T")));
  if (shape.size() != 5 || shape[1] != shape[3]) return false;
  const bool separated = shape[1] == '.' || shape[1] == '/' || shape[1] == '-';
  const auto short_number = [](char digits) { return digits == '1' || digits == '2'; };
  const bool year_last = short_number(shape[0]) && (shape[4] == '4' || shape[4] == '2');
  const bool year_first = shape[0] == '4' && short_number(shape[4]);
  return separated && short_number(shape[2]) && (year_last || year_first);
}

/// Years 1992 to 2037 in seconds, thousandths, millionths or billionths since 1970. Earlier numbers
/// are more often ids than times.
bool counts_from_1970(double value) {
  for (const double unit : {1.0, 1e3, 1e6, 1e9}) {
    if (value >= 7e8 * unit && value < 2.14e9 * unit) return true;
  }
  return false;
}

/// 20160501
bool is_compact_date(double value) {
  if (value < 19900101 || value > 20991231) return false;
  const auto number = static_cast<int64_t>(value);
  const int64_t month = number / 100 % 100, day = number % 100;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

TimeLook look_of(std::string_view text) {
  if (const auto number = parse_number(text)) {
    const bool whole = std::floor(*number) == *number;
    const bool when = counts_from_1970(*number) || (whole && is_compact_date(*number));
    return when ? TimeLook::epoch : TimeLook::number;
  }
  if (parse_time(text)) return TimeLook::date;
  if (is_clock(text)) return TimeLook::clock;
  return is_other_date(text) ? TimeLook::other_date : TimeLook::other;
}

}  // namespace

TimeLook time_look(std::span<const std::string> values) {
  TimeLook common = TimeLook::unknown;
  int64_t judged = 0;
  for (const std::string& value : values) {
    if (is_missing(value) || value.starts_with("0000-00-00")) continue;
    ++judged;
    const TimeLook look = look_of(value);
    if (common == TimeLook::unknown || common == look) {
      common = look;
      continue;
    }
    const auto numeric = [](TimeLook l) { return l == TimeLook::epoch || l == TimeLook::number; };
    if (numeric(common) && numeric(look)) {
      common = TimeLook::number;
    } else {
      return TimeLook::other;
    }
  }
  // One number alone may be anything.
  return common == TimeLook::epoch && judged < 2 ? TimeLook::number : common;
}

}  // namespace truenext
