// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "data/full_time.h"
#include "data/readers/arrow_type.h"

namespace truenext {

/// A value of a column.
struct ArrowCell {
  enum class Kind { null, text, whole, real, truth, moment };
  Kind kind = Kind::null;
  bool short_real = false;  ///< a float32
  std::string_view text;    ///< valid until the column's next value is taken
  FullTime number;          ///< whole numbers; moments as seconds since 1970
  double real = 0;          ///< of a truth 0 or 1

  /// As a text file has it: decimal digits (of a real the fewest that tell it apart, without a
  /// point where it is whole), true or false, 2014-04-07 10:51:09.277+00:00; empty for null.
  std::string written(const ArrowType& type) const;
};

/// A whole number below 2^64 in decimal digits; `buffer` has room for 20 and a sign.
std::string_view whole_digits(const FullTime& number, char* buffer);
inline constexpr int kWholeDigits = 24;

/// Digits of a finite number in the buffer: the fewest that are read as the same float or double.
std::string_view real_digits(double real, bool short_real, char* buffer);
inline constexpr int kRealDigits = 40;

}  // namespace truenext
