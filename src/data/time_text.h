// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/full_time.h"

namespace truenext {

/// How a time is written.
enum class TimeForm {
  number,
  zoned,    ///< a date with clock and zone
  unzoned,  ///< a date with clock, without zone: taken as UTC
  day       ///< a date alone: its beginning in UTC
};

/// A time as whole units: the number in the text, or the seconds since 1970 (UTC) of a date, times
/// `scale`, rounded down. `rounded` tells that a fraction was lost; `order` still has it.
struct ParsedTime {
  int64_t time = 0;
  TimeOrder order = 0;
  bool rounded = false;
  TimeForm form = TimeForm::number;
};

/// The forms that parse_time() reads, for messages and --help.
inline constexpr const char* kTimeForms =
    "a number, or a date as 2015-06-07, 2015/06/07 or 07.06.2015, alone or with a time as 10:00, "
    "10:00:00 or T10:00:00.25 and with Z, UTC, GMT, +02:00 or +0200 behind that (UTC without), or "
    "as Tue Apr 03 18:00:09 +0000 2012";

/// Reads a time in one of the forms of kTimeForms. Nothing when it is in none of these, or when it
/// does not fit into 64 bits.
std::optional<ParsedTime> parse_time(std::string_view text, double scale = 1.0);

/// The same of a time that is no text. Nothing when it does not fit into 64 bits.
std::optional<ParsedTime> scaled_time(const FullTime& time, TimeForm form, double scale);

/// What is wrong with a text that parse_time() does not take, as a sentence that begins "the time
/// is".
std::string why_no_time(std::string_view text, double scale);

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
