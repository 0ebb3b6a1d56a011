// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/short_text.h"
#include "data/events.h"
#include "data/readers/time_column.h"
#include "data/time_text.h"

namespace truenext {

/// What all readers share that look at every event: an id that is none, a time that is no time or a
/// value that is no number stops with "where: what is wrong" or, with skip_bad, is counted.
class CheckedEventReader : public EventReader {
 public:
  /// `place` is what the source consists of: "line" or "row".
  CheckedEventReader(ReaderOptions options, const char* place);
  LineCounts line_counts() const override { return counts_; }
  std::vector<std::string> warnings() const override;
  int64_t rounded_times() const override { return rounded_times_; }

 protected:
  /// Of the event at hand.
  virtual std::string where() const = 0;

  template <typename... Args>
  bool broken(fmt::format_string<Args...> format, Args&&... args) {
    problem_ = fmt::format(format, std::forward<Args>(args)...);
    return false;
  }
  /// The same of a missing value.
  template <typename... Args>
  bool missing(fmt::format_string<Args...> format, Args&&... args) {
    missing_ = true;
    return broken(format, std::forward<Args>(args)...);
  }
  /// For an event that is broken(); it stands on so many lines.
  void give_up_or_skip(int64_t lines);
  void count_trimmed(bool trimmed) { counts_.trimmed += trimmed ? 1 : 0; }

  /// Whether a text is an id; `role` is "user" or "item".
  bool takes_id(const char* role, std::string_view id) {
    return !is_odd(id) || takes_odd_id(role, id);
  }
  bool set_ids(std::string_view user, std::string_view item, Event& event) {
    if (!takes_id("user", user) || !takes_id("item", item)) return false;
    event.user = user;
    event.item = item;
    return true;
  }
  /// `place` is that of the event, counted from 1.
  bool set_time(std::string_view text, int64_t place, Event& event) {
    const auto parsed = parse_time(text, options_.time_scale);
    return parsed ? take_time(*parsed, place, event) : refuse_time(text);
  }
  bool take_time(const ParsedTime& parsed, int64_t place, Event& event) {
    if (!time_column_.take(parsed, place)) return broken("{}", time_column_.why());
    set_time(parsed, event);
    return true;
  }
  void set_time(const ParsedTime& parsed, Event& event) {
    event.time = parsed.time;
    event.order = parsed.order;
    rounded_times_ += parsed.rounded ? 1 : 0;
  }
  bool set_value(std::string_view text, Event& event);

  ReaderOptions options_;
  LineCounts counts_;

 private:
  /// What a closer look is needed for. Most ids are numbers or codes (U0017, B00006HAXW) and need
  /// none.
  static bool is_odd(std::string_view id) { return !begins_plainly(id) || has_zero_byte(id); }
  /// With a digit or letter, and not as the words do that stand for missing values, which begin
  /// with n or u (or a sign) and have no digits.
  static bool begins_plainly(std::string_view id) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (id.empty()) return false;
    const char lower = static_cast<char>(id[0] | 0x20);
    if (lower == 'n' || lower == 'u') return id.size() > 1 && is_digit(id[1]);
    return is_digit(id[0]) || (lower >= 'a' && lower <= 'z');
  }
  bool takes_odd_id(const char* role, std::string_view id);
  bool refuse_time(std::string_view text);

  const char* place_;
  TimeColumn time_column_;
  std::string problem_, first_problem_;
  bool missing_ = false;  ///< the problem is a missing value
  int64_t rounded_times_ = 0;
};

}  // namespace truenext
