// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace truenext {

/// What a few values of one column look like, as far as times are concerned. Values that are empty
/// or stand for nothing (NA, null, ...) prove nothing and are left out.
enum class TimeLook {
  unknown,     ///< there is no value to judge by
  other,       ///< some value is no time
  number,      ///< numbers, some of which are no time of today
  epoch,       ///< at least two whole numbers that count from 1970, or that are written 20160501
  clock,       ///< times of day: 10:51 or 10:51:09
  date,        ///< dates that parse_time() reads
  other_date,  ///< dates in a form that it does not read: 01.05.2016, 5/1/16
};

TimeLook time_look(std::span<const std::string> values);

/// Whether the values say when something happened, each by itself.
inline bool tells_when(TimeLook look) {
  return look == TimeLook::date || look == TimeLook::epoch || look == TimeLook::other_date;
}
/// Whether parse_time() reads all of them.
inline bool reads_as_time(TimeLook look) {
  return look == TimeLook::date || look == TimeLook::epoch || look == TimeLook::number;
}
inline bool is_written_date(TimeLook look) {
  return look == TimeLook::date || look == TimeLook::other_date;
}

}  // namespace truenext
