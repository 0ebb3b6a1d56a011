// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_cell.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

namespace truenext {
namespace {

/// Seconds since 1970 as a date; as a number where the year has more than four digits.
std::string written_moment(const FullTime& time, TimeForm form) {
  using namespace std::chrono;
  constexpr uint64_t kLongest = 60'000'000'000;  // below year 0, beyond year 3800
  char buffer[kWholeDigits];
  if (time.whole > kLongest) return std::string(whole_digits(time, buffer));
  const bool cut = time.negative && time.fraction > 0;
  const int64_t size = static_cast<int64_t>(time.whole) + (cut ? 1 : 0);
  const sys_seconds when{seconds(time.negative ? -size : size)};
  const auto day = floor<days>(when);
  const year_month_day date(day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (form == TimeForm::day) return text;
  const int64_t clock = (when - day).count();
  text += fmt::format(" {:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
  const uint64_t fraction = cut ? FullTime::kFraction - time.fraction : time.fraction;
  if (fraction > 0) {
    std::string digits = fmt::format("{:018}", fraction);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + (form == TimeForm::zoned ? "+00:00" : "");
}

}  // namespace

std::string_view whole_digits(const FullTime& number, char* buffer) {
  char* begin = buffer;
  if (number.negative && number.whole > 0) *begin++ = '-';
  const auto [end, error] = std::to_chars(begin, buffer + kWholeDigits, number.whole);
  return {buffer, static_cast<size_t>(end - buffer)};
}

std::string_view real_digits(double real, bool short_real, char* buffer) {
  const auto [end, error] =
      short_real ? std::to_chars(buffer, buffer + kRealDigits, static_cast<float>(real))
                 : std::to_chars(buffer, buffer + kRealDigits, real);
  return {buffer, static_cast<size_t>(end - buffer)};
}

std::string ArrowCell::written(const ArrowType& type) const {
  char digits[kRealDigits];
  switch (kind) {
    case Kind::text:
      return std::string(text);
    case Kind::whole:
      return std::string(whole_digits(number, digits));
    case Kind::real:
      return std::isnan(real) ? "" : std::string(real_digits(real, short_real, digits));
    case Kind::truth:
      return real != 0 ? "true" : "false";
    case Kind::moment:
      return written_moment(number, type.form);
    case Kind::null:
      break;
  }
  return "";
}

}  // namespace truenext
