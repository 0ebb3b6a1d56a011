// SPDX-License-Identifier: Apache-2.0
#include "data/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/terminal_text.h"

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
  /// The digits behind a decimal point, in units of 1 / FullTime::kFraction.
  uint64_t fraction() {
    uint64_t value = 0, unit = FullTime::kFraction;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      unit /= 10;
      value += unit * static_cast<uint64_t>(digits(1));
    }
    return value;
  }
  bool take_word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip(size_t count) {
    if (rest_.size() < count) fail();
    rest_.remove_prefix(std::min(count, rest_.size()));
  }
  void refuse() { ok_ = false; }
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
  uint64_t fraction = 0;
  int offset_minutes = 0;
  TimeForm form = TimeForm::day;
};

void scan_clock(Scanner& scan, Clock& clock) {
  clock.form = TimeForm::unzoned;
  clock.hour = scan.digits(2);
  scan.expect(':');
  clock.minute = scan.digits(2);
  if (scan.take_one_of(":") != '\0') clock.second = scan.digits(2);
  if (scan.take_one_of(".,") != '\0') clock.fraction = scan.fraction();
}

/// "Z", "UTC", "GMT", "+02:00", "+0200" or "+02", also behind a blank; or nothing.
void scan_zone(Scanner& scan, Clock& clock) {
  if (scan.empty()) return;
  clock.form = TimeForm::zoned;
  scan.take_one_of(" ");
  if (scan.take_one_of("Zz") != '\0' || scan.take_word("UTC") || scan.take_word("GMT")) return;
  const char sign = scan.take_one_of("+-");
  if (sign == '\0') return scan.refuse();
  const int hours = scan.digits(2);
  scan.take_one_of(":");
  const int minutes = scan.empty() ? 0 : scan.digits(2);
  if (hours > 23 || minutes > 59) return scan.refuse();
  clock.offset_minutes = (sign == '-' ? -1 : 1) * (60 * hours + minutes);
}

/// A date and what the text says of its zone.
struct ScannedDate {
  FullTime time;
  TimeForm form = TimeForm::day;
};

std::optional<ScannedDate> date_of(const Clock& clock) {
  using namespace std::chrono;
  const year_month_day date{year(clock.year), month(static_cast<unsigned>(clock.month)),
                            day(static_cast<unsigned>(clock.day))};
  if (!date.ok() || clock.hour > 23 || clock.minute > 59 || clock.second > 60) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  const int64_t minutes = days * 1440 + clock.hour * 60 + clock.minute - clock.offset_minutes;
  return ScannedDate{FullTime::of_seconds(minutes * 60 + clock.second, clock.fraction), clock.form};
}

std::optional<ScannedDate> with_clock(Scanner& scan, Clock& clock) {
  if (scan.take_one_of("Tt ") != '\0') {
    scan_clock(scan, clock);
    scan_zone(scan, clock);
  }
  return scan.done() ? date_of(clock) : std::nullopt;
}

/// "2015-06-07", "2015/06/07" or "2015.06.07".
std::optional<ScannedDate> parse_year_first(std::string_view text) {
  Scanner scan(text);
  Clock clock;
  clock.year = scan.digits(4);
  const char separator = scan.take_one_of("-/.");
  clock.month = scan.digits(2);
  scan.expect(separator);
  clock.day = scan.digits(2);
  return with_clock(scan, clock);
}

/// "07.06.2015" or "7.6.2015": with points the day stands first everywhere.
std::optional<ScannedDate> parse_day_first(std::string_view text) {
  Scanner scan(text);
  Clock clock;
  clock.day = scan.short_number();
  scan.expect('.');
  clock.month = scan.short_number();
  scan.expect('.');
  clock.year = scan.digits(4);
  return with_clock(scan, clock);
}

/// "06/07/2015" is the 6th of July to some and the 7th of June to others.
bool may_be_two_days(std::string_view text) {
  Scanner scan(text.substr(0, text.find(' ')));
  scan.short_number();
  scan.expect('/');
  scan.short_number();
  scan.expect('/');
  scan.digits(4);
  return scan.done();
}

std::optional<ScannedDate> parse_check_in(std::string_view text) {
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
  clock.form = TimeForm::zoned;
  scan.expect(' ');
  clock.year = scan.digits(4);
  return scan.done() ? date_of(clock) : std::nullopt;
}

std::optional<ScannedDate> parse_date(std::string_view text) {
  for (const auto parse : {parse_year_first, parse_day_first, parse_check_in}) {
    if (const std::optional<ScannedDate> date = parse(text)) return date;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ParsedTime> scaled_time(const FullTime& time, TimeForm form, double scale) {
  if (scale == 1 && time.whole <= UINT32_MAX && time.fraction == 0 && !time.negative) {
    const auto small = static_cast<uint32_t>(time.whole);  // most times
    return ParsedTime{small, order_of_small(small), false, form};
  }
  const std::optional<TimeOrder> order = time_order(time);
  if (!order) return std::nullopt;
  const std::optional<StoredTime> stored = stored_time(*order, scale);
  if (!stored) return std::nullopt;
  return ParsedTime{stored->time, *order, stored->rounded, form};
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<ParsedTime> parse_time(std::string_view text, double scale) {
  if (scale == 1.0) {  // most times are seconds or small counts
    uint32_t small = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), small);
    if (error == std::errc() && end == text.data() + text.size()) {
      return ParsedTime{small, order_of_small(small)};
    }
  }
  if (const DecimalText number = parse_decimal(text); number.valid) {
    return number.fits ? scaled_time(number.value, TimeForm::number, scale) : std::nullopt;
  }
  const std::optional<ScannedDate> date = parse_date(text);
  if (!date) return std::nullopt;
  return scaled_time(date->time, date->form, scale);
}

std::string why_no_time(std::string_view text, double scale) {
  const bool is_time = parse_decimal(text).valid || parse_date(text).has_value();
  if (!is_time) {
    const char* const which = may_be_two_days(text) ? ", which may mean two days" : "";
    return fmt::format("the time is \"{}\"{}; want {}", excerpt(text), which, kTimeForms);
  }
  if (parse_time(text, 1.0)) {
    return fmt::format(
        "the time is {}, which does not fit into 64 bits (overflow) when multiplied by "
        "--time-scale {}; choose a smaller scale",
        excerpt(text), scale);
  }
  return fmt::format(
      "the time is {}, beyond {} (overflow): want seconds, milliseconds, "
      "microseconds or nanoseconds since 1970",
      excerpt(text), kLargestWhole);
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
  const std::optional<ScannedDate> date = scan.done() ? date_of(clock) : std::nullopt;
  if (!date) return std::nullopt;
  if (!has_year) return WrittenDay{};
  const std::optional<ParsedTime> time = scaled_time(date->time, date->form, scale);
  if (!time) return std::nullopt;
  return WrittenDay{time};
}

}  // namespace truenext
