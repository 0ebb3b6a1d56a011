// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/line_reader.h"
#include "data/events.h"
#include "data/time_text.h"

namespace truenext {

/// What the readers of text files share: blank lines are passed over, a broken line stops with
/// "file:line: what is wrong" or, with skip_bad, is counted.
class TextEventReader : public EventReader {
 public:
  TextEventReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
      : options_(options), input_(std::move(input)) {
    check_usage(options_.time_scale > 0, "the time scale is {}, want a positive number",
                options_.time_scale);
  }
  int64_t skipped() const override { return skipped_; }
  int64_t rounded_times() const override { return rounded_times_; }

 protected:
  bool next_line(std::string_view& line) {
    while (input_->next(line)) {
      if (line.find_first_not_of(" \t") != std::string_view::npos) return true;
    }
    return false;
  }
  template <typename... Args>
  bool broken(fmt::format_string<Args...> format, Args&&... args) {
    problem_ = fmt::format(format, std::forward<Args>(args)...);
    return false;
  }
  void give_up_or_skip() {
    if (!options_.skip_bad) {
      fail_data("{}: {} (--skip-bad passes over broken lines)", input_->where(), problem_);
    }
    ++skipped_;
  }

  bool set_ids(std::string_view user, std::string_view item, Event& event) {
    if (user.empty()) return broken("the user is empty");
    if (item.empty()) return broken("the item is empty");
    event.user = user;
    event.item = item;
    return true;
  }
  bool set_time(std::string_view text, Event& event) {
    const auto parsed = parse_time(text, options_.time_scale);
    if (!parsed) return broken("the time is \"{}\", want a number or a date", text);
    set_time(*parsed, event);
    return true;
  }
  void set_time(const ParsedTime& parsed, Event& event) {
    event.time = parsed.time;
    rounded_times_ += parsed.rounded ? 1 : 0;
  }
  bool set_value(std::string_view text, Event& event) {
    const auto parsed = parse_number(text);
    if (!parsed) return broken("the value is \"{}\", want a number", text);
    event.value = *parsed;
    return true;
  }

  ReaderOptions options_;
  std::unique_ptr<LineReader> input_;

 private:
  std::string problem_;
  int64_t skipped_ = 0;
  int64_t rounded_times_ = 0;
};

/// One event a line.
class LineEventReader : public TextEventReader {
 public:
  using TextEventReader::TextEventReader;

  bool next(Event& event) override {
    std::string_view line;
    while (next_line(line)) {
      if (parse(line, event)) return true;
      give_up_or_skip();
    }
    return false;
  }

 protected:
  /// Fills the event from one line, or returns broken(...).
  virtual bool parse(std::string_view line, Event& event) = 0;
};

}  // namespace truenext
