// SPDX-License-Identifier: Apache-2.0
#include "data/readers/time_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace truenext {
namespace {

constexpr int64_t kFewIn = 20;  ///< fewer than one in so many

constexpr const char* kUnitNames[] = {"seconds", "milliseconds", "microseconds", "nanoseconds"};

/// The times from 1976 to 2100 in each unit.
struct UnitBounds {
  TimeOrder begin[4], end[4];
  UnitBounds() {
    constexpr uint64_t kBegin = 200'000'000, kEnd = 4'102'444'800;  // 1976-05-03, 2100-01-01
    uint64_t factor = 1;
    for (int unit = 0; unit < 4; ++unit, factor *= 1000) {
      begin[unit] = time_order({false, kBegin * factor, 0}).value();
      end[unit] = time_order({false, kEnd * factor, 0}).value();
    }
  }
};

/// Whether a whole number reads as a day, 19000101 to 21001231.
bool is_written_day(TimeOrder order) {
  constexpr TimeOrder kUnit = order_of_small(1);
  if (order < order_of_small(19'000'101) || order > order_of_small(21'001'231)) return false;
  const int64_t number = order / kUnit;
  const int64_t month = number / 100 % 100, day = number % 100;
  return order % kUnit == 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

}  // namespace

void TimeColumn::take_number(TimeOrder order, int64_t line) {
  static const UnitBounds kBounds;
  for (int unit = 0; unit < kUnits; ++unit) {
    if (order >= kBounds.begin[unit] && order < kBounds.end[unit]) return units_[unit].add(line);
  }
  if (order == 0 || order == -order_of_small(1)) return zeros_.add(line);
  others_.add(line);
  days_as_numbers_ += is_written_day(order) ? 1 : 0;
}

void TimeColumn::take_date(TimeForm form) {
  zoned_ += form == TimeForm::zoned ? 1 : 0;
  unzoned_ += form == TimeForm::unzoned ? 1 : 0;
  days_ += form == TimeForm::day ? 1 : 0;
}

std::string TimeColumn::why() const {
  return fmt::format(
      "the time is a {}, that of {} {} a {}: units must not be mixed; write all times in one "
      "form",
      numbers_ ? "date" : "number", place_, first_line_, numbers_ ? "number" : "date");
}

void TimeColumn::warn_of_units(std::vector<std::string>& sentences) const {
  std::string list;
  int64_t units = 0, since_1970 = 0;
  for (int unit = 0; unit < kUnits; ++unit) {
    if (units_[unit].count == 0) continue;
    ++units;
    since_1970 += units_[unit].count;
    list += fmt::format("{}{} of {} (first in {} {})", units == 1 ? "" : ", ", units_[unit].count,
                        kUnitNames[unit], place_, units_[unit].first_line);
  }
  // Counts that begin at nothing pass through all sizes; times since 1970 leave gaps.
  // A few others are errors.
  const bool absolute = kFewIn * others_.count < since_1970;
  if (units > 1 && (others_.count == 0 || absolute)) {
    sentences.push_back(fmt::format(
        "the times have mixed units: {}; they were taken as they are, so that the order "
        "is wrong; write all of them in one unit",
        list));
  }
  if (zeros_.count > 0 && absolute) {
    sentences.push_back(fmt::format(
        "{} times are 0 or -1 among times since 1970 (first in {} {}), which may stand for no "
        "time; they are taken as they are, before all others",
        zeros_.count, place_, zeros_.first_line));
  }
}

std::vector<std::string> TimeColumn::warnings() const {
  std::vector<std::string> sentences;
  warn_of_units(sentences);
  if (days_as_numbers_ > 0 && days_as_numbers_ == others_.count && days_as_numbers_ == events_) {
    sentences.emplace_back(
        "the times look like days without dashes (20150607) and were taken as numbers: their order "
        "is right, the time between them is not; 2015-06-07 is read as a date");
  }
  if (unzoned_ > 0 && zoned_ > 0) {
    sentences.push_back(fmt::format(
        "{} dates have no zone and were taken as UTC, beside {} with a zone", unzoned_, zoned_));
  }
  if (days_ > 0 && unzoned_ + zoned_ > 0) {
    sentences.push_back(fmt::format(
        "{} dates have no time of day and were taken as the beginning of the day in UTC, beside {} "
        "that have one",
        days_, unzoned_ + zoned_));
  }
  return sentences;
}

}  // namespace truenext
