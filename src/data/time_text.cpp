// SPDX-License-Identifier: Apache-2.0
#include "data/time_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace truenext {
namespace {

/// Takes pieces off the front of a text; any mismatch makes it fail for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(size_t count) {
    int value = 0;
    if (rest_.size() < count) return fail();
    for (size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  /// The character taken, 0 when the next one is none of `choices`.
  char take_one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_[0]) == std::string_view::npos) return '\0';
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    return taken;
  }
  void expect(char c) {
    if (take_one_of({&c, 1}) == '\0') fail();
  }
  int month() {
    constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const size_t at = kNames.find(rest_.substr(0, 3));
    if (rest_.size() < 3 || at == std::string_view::npos || at % 3 != 0) return fail();
    rest_.remove_prefix(3);
    return static_cast<int>(at / 3) + 1;
  }
  int full_month() {
    constexpr std::string_view kNames[] = {"January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December"};
    for (int i = 0; i < 12; ++i) {
      if (!rest_.starts_with(kNames[i])) continue;
      rest_.remove_prefix(kNames[i].size());
      return i + 1;
    }
    return fail();
  }
  /// One digit or two.
  int short_number() {
    const int first = digits(1);
    const bool second = !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
    return second ? 10 * first + digits(1) : first;
  }
  double fraction() {
    double value = 0, unit = 0.1;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value += unit * digits(1);
      unit /= 10;
    }
    return value;
  }
  void skip(size_t count) {
    if (rest_.size() < count) fail();
    rest_.remove_prefix(std::min(count, rest_.size()));
  }
  bool done() const { return ok_ && rest_.empty(); }
  bool empty() const { return rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

struct Clock {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  double fraction = 0;
  int offset_minutes = 0;
};

void scan_clock(Scanner& scan, Clock& clock) {
  clock.hour = scan.digits(2);
  scan.expect(':');
  clock.minute = scan.digits(2);
  if (scan.take_one_of(":") != '\0') clock.second = scan.digits(2);
  if (scan.take_one_of(".,") != '\0') clock.fraction = scan.fraction();
}

void scan_offset(Scanner& scan, Clock& clock) {
  const char sign = scan.take_one_of("+-");
  if (sign == '\0') return;
  const int hours = scan.digits(2);
  scan.take_one_of(":");
  clock.offset_minutes =
      (sign == '-' ? -1 : 1) * (60 * hours + (scan.empty() ? 0 : scan.digits(2)));
}

std::optional<double> seconds_of(const Clock& clock) {
  using namespace std::chrono;
  const year_month_day date{year(clock.year), month(static_cast<unsigned>(clock.month)),
                            day(static_cast<unsigned>(clock.day))};
  if (!date.ok() || clock.hour > 23 || clock.minute > 59 || clock.second > 60) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  const int64_t minutes = days * 1440 + clock.hour * 60 + clock.minute - clock.offset_minutes;
  return static_cast<double>(minutes * 60 + clock.second) + clock.fraction;
}

std::optional<double> parse_iso(std::string_view text) {
  Scanner scan(text);
  Clock clock;
  clock.year = scan.digits(4);
  scan.expect('-');
  clock.month = scan.digits(2);
  scan.expect('-');
  clock.day = scan.digits(2);
  if (scan.take_one_of("T ") != '\0') {
    scan_clock(scan, clock);
    if (scan.take_one_of("Z") == '\0') scan_offset(scan, clock);
  }
  return scan.done() ? seconds_of(clock) : std::nullopt;
}

std::optional<double> parse_check_in(std::string_view text) {
  Scanner scan(text);
  Clock clock;
  scan.skip(3);  // the day of the week follows from the date
  scan.expect(' ');
  clock.month = scan.month();
  scan.expect(' ');
  clock.day = scan.digits(2);
  scan.expect(' ');
  scan_clock(scan, clock);
  scan.expect(' ');
  const char sign = scan.take_one_of("+-");
  const int offset = scan.digits(4);
  clock.offset_minutes = (sign == '-' ? -1 : 1) * (offset / 100 * 60 + offset % 100);
  scan.expect(' ');
  clock.year = scan.digits(4);
  return scan.done() ? seconds_of(clock) : std::nullopt;
}

std::optional<ParsedTime> scaled_time(double value, double scale) {
  // 1396861020.295 * 1000 is not whole in binary: what rounding errors explain counts as whole.
  const double scaled = value * scale;
  const double nearest = std::nearbyint(scaled);
  const bool whole = std::abs(scaled - nearest) <=
                     1e-6 + 4 * std::numeric_limits<double>::epsilon() * std::abs(scaled);
  const double time = whole ? nearest : std::floor(scaled);
  if (std::abs(time) > 9.0e18) return std::nullopt;
  return {{static_cast<int64_t>(time), !whole}};
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<ParsedTime> parse_time(std::string_view text, double scale) {
  if (scale == 1.0) {
    int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return {{whole}};
  }
  std::optional<double> value = parse_number(text);
  if (!value) value = parse_iso(text);
  if (!value) value = parse_check_in(text);
  if (!value) return std::nullopt;
  return scaled_time(*value, scale);
}

std::optional<WrittenDay> parse_written_day(std::string_view text, double scale) {
  Scanner scan(text);
  Clock clock;
  clock.month = scan.full_month();
  scan.expect(' ');
  clock.day = scan.short_number();
  const bool has_year = !scan.empty();
  if (has_year) {
    scan.expect(',');
    scan.expect(' ');
    clock.year = scan.digits(4);
  } else {
    clock.year = 2000;  // some year that has a 29th of February
  }
  const std::optional<double> seconds = scan.done() ? seconds_of(clock) : std::nullopt;
  if (!seconds) return std::nullopt;
  if (!has_year) return WrittenDay{};
  const std::optional<ParsedTime> time = scaled_time(*seconds, scale);
  if (!time) return std::nullopt;
  return WrittenDay{time};
}

}  // namespace truenext
