// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace truenext {

/// A time as whole units: the number in the text, or the seconds since 1970 (UTC) of a date, times
/// `scale`, rounded down. `rounded` tells that a fraction was lost.
struct ParsedTime {
  int64_t time = 0;
  bool rounded = false;
};

/// Reads a whole or decimal number, an ISO 8601 date or date and time ("2014-04-07",
/// "2014-04-07T10:51:09.277Z", "2014-04-07 10:51:09+02:00"; UTC without offset), or the form of the
/// Foursquare check-ins ("Tue Apr 03 18:00:09 +0000 2012"). Nothing when it is none of these.
std::optional<ParsedTime> parse_time(std::string_view text, double scale = 1.0);

/// A day in words; `time` is its beginning in UTC, nothing when the year is missing.
struct WrittenDay {
  std::optional<ParsedTime> time;
};

/// Reads "November 5, 2011" or "November 5", the forms of Steam's reviews. Nothing when it is
/// neither.
std::optional<WrittenDay> parse_written_day(std::string_view text, double scale = 1.0);

/// A finite decimal number that fills the whole text.
std::optional<double> parse_number(std::string_view text);

}  // namespace truenext
