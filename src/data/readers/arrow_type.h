// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/time_text.h"

namespace truenext {

/// The type of an Arrow array, as its format string says it ("u", "tsu:UTC", "+l", ...).
struct ArrowType {
  enum class Kind {
    text,     ///< text or bytes with offsets of `bytes` bytes
    view,     ///< the same as views of 16 bytes
    whole,    ///< int8 to uint64
    real,     ///< float32 and float64
    truth,    ///< bits
    moment,   ///< timestamps and dates
    decimal,  ///< whole numbers of 4, 8 or 16 bytes
    refused,  ///< known and not read: null, lists, durations, ...
  };
  Kind kind = Kind::refused;
  int bytes = 0;  ///< of a value, or of an offset
  bool is_signed = false;
  int64_t seconds = 1;     ///< moments: seconds of a unit
  int64_t per_second = 1;  ///< moments: or units of a second
  TimeForm form = TimeForm::number;
  std::string format;
  std::string name;  ///< in words, for messages

  static ArrowType of(std::string_view format);
  /// `list (Arrow format "+l")`
  std::string text() const;
};

}  // namespace truenext
