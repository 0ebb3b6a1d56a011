// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace truenext {

/// A time as its source writes it, exactly: the number, or the seconds since 1970 of a date.
struct FullTime {
  static constexpr uint64_t kFraction = 1'000'000'000'000'000'000;

  bool negative = false;
  uint64_t whole = 0;     ///< of the absolute value
  uint64_t fraction = 0;  ///< of the absolute value, in units of 1 / kFraction

  static FullTime of_seconds(int64_t seconds, uint64_t fraction);
};

/// A decimal number that fills the whole text: digits, a point, an exponent, a minus before it.
struct DecimalText {
  bool valid = false;
  bool fits = false;  ///< false when the absolute value is 2^64 or more
  FullTime value;
};
DecimalText parse_decimal(std::string_view text);

/// The times of a source as numbers with the same order. Fractions are kept down to 1e-9 below 2^32
/// (seconds until 2106), 1e-5 below 2^42 (milliseconds), 0.1 below 2^52 (microseconds); above,
/// times are whole (nanoseconds), up to kLargestWhole. One number per event stays one number that
/// way, whatever --time-scale stores.
using TimeOrder = int64_t;

inline constexpr uint64_t kLargestWhole = 4'400'000'000'000'000'000;

/// Stands for "no date": before all others of its user, stored as -1 whatever the scale.
inline constexpr TimeOrder kUndated = -1;

/// Nothing when the time is beyond kLargestWhole.
std::optional<TimeOrder> time_order(const FullTime& time);

/// The order of a whole number below 2^32.
constexpr TimeOrder order_of_small(uint32_t whole) {
  return static_cast<TimeOrder>(whole) * 1'000'000'000;
}

/// A time as whole units; `rounded` tells that a fraction was lost.
struct StoredTime {
  int64_t time = 0;
  bool rounded = false;
};

/// The time times `scale`, rounded down. Nothing when the product does not fit into 64 bits.
std::optional<StoredTime> stored_time(TimeOrder order, double scale);

}  // namespace truenext
