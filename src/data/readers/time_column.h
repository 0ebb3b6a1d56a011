// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/time_text.h"

namespace truenext {

/// Watches the times of a source for mixtures: numbers beside dates, seconds beside milliseconds,
/// dates with and without zone, zeros that stand for no time, days that are written as numbers.
class TimeColumn {
 public:
  /// `place` is what the source consists of: "line" or "row".
  explicit TimeColumn(const char* place) : place_(place) {}

  /// False when the time is a number and those before are dates, or the other way round; why() says
  /// so then. `line` is its place in the source.
  bool take(const ParsedTime& time, int64_t line) {
    const bool number = time.form == TimeForm::number;
    if (events_++ == 0) {
      numbers_ = number;
      first_line_ = line;
    }
    if (number != numbers_) return false;
    number ? take_number(time.order, line) : take_date(time.form);
    return true;
  }
  std::string why() const;

  /// What was guessed, a sentence each.
  std::vector<std::string> warnings() const;

 private:
  /// What a number is when it counts from 1970 and lies between 1976 and 2100.
  enum Unit { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds, kUnits };
  struct Seen {
    int64_t count = 0, first_line = 0;
    void add(int64_t line) {
      if (count++ == 0) first_line = line;
    }
  };

  void take_number(TimeOrder order, int64_t line);
  void take_date(TimeForm form);
  void warn_of_units(std::vector<std::string>& sentences) const;

  const char* place_;
  int64_t events_ = 0, first_line_ = 0;
  bool numbers_ = true;
  Seen units_[kUnits];
  Seen zeros_;                   ///< 0 and -1
  Seen others_;                  ///< numbers that are no time since 1970 in any unit
  int64_t days_as_numbers_ = 0;  ///< of the others: 20150607
  int64_t zoned_ = 0, unzoned_ = 0, days_ = 0;
};

}  // namespace truenext
