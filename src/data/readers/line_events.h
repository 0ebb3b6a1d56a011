// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/line_reader.h"
#include "data/events.h"
#include "data/readers/time_column.h"
#include "data/time_text.h"

namespace truenext {

/// What the readers of text files share: blank lines, comments and repeated headers are passed
/// over, a broken line stops with "file:line: what is wrong" or, with skip_bad, is counted.
class TextEventReader : public EventReader {
 public:
  TextEventReader(const ReaderOptions& options, std::unique_ptr<LineReader> input);
  LineCounts line_counts() const override { return counts_; }
  std::vector<std::string> warnings() const override;
  int64_t rounded_times() const override { return rounded_times_; }

 protected:
  /// Whether a line behind the start is a comment.
  bool is_comment(std::string_view line) const;
  bool next_line(std::string_view& line) {
    while (input_->next(line)) {
      if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);  // of a file put behind another
      if (passes_over(line)) continue;
      record_line_ = input_->line_number();
      return true;
    }
    return false;
  }
  /// The fields of the header in the columns of users and items.
  void set_header(std::string user, std::string item) {
    header_user_ = std::move(user);
    header_item_ = std::move(item);
  }
  /// Whether a line is the header again, or the header of a file that should have none; counts it.
  bool is_header(std::string_view user, std::string_view item) {
    if (!has_header_lines_) return false;
    const bool again = header_user_.empty() ? std::exchange(first_, false) && names(user, item)
                                            : user == header_user_ && item == header_item_;
    counts_.repeated_headers += again ? 1 : 0;
    return again;
  }
  void count_trimmed(bool trimmed) { counts_.trimmed += trimmed ? 1 : 0; }

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
  void give_up_or_skip();
  /// "file:line" of the record at hand, whose fields may go on in later lines.
  std::string where() const { return fmt::format("{}:{}", input_->name(), record_line_); }

  bool set_ids(std::string_view user, std::string_view item, Event& event) {
    if (is_odd(user) && !takes_odd_id("user", user)) return false;
    if (is_odd(item) && !takes_odd_id("item", item)) return false;
    event.user = user;
    event.item = item;
    return true;
  }
  /// Whether an item is no missing value; of lines with many.
  bool check_item(std::string_view item) { return !is_odd(item) || takes_odd_id("item", item); }
  bool set_time(std::string_view text, Event& event) {
    const auto parsed = parse_time(text, options_.time_scale);
    if (!parsed) return refuse_time(text);
    if (!time_column_.take(*parsed, record_line_)) return broken("{}", time_column_.why());
    set_time(*parsed, event);
    return true;
  }
  void set_time(const ParsedTime& parsed, Event& event) {
    event.time = parsed.time;
    event.order = parsed.order;
    rounded_times_ += parsed.rounded ? 1 : 0;
  }
  bool set_value(std::string_view text, Event& event);

  bool has_header_lines_ = true;  ///< false where a line names its own fields
  ReaderOptions options_;
  std::unique_ptr<LineReader> input_;

 private:
  bool passes_over(std::string_view line);
  /// What a closer look is needed for. Most ids are numbers and need none.
  static bool is_odd(std::string_view id) {
    return id.empty() || static_cast<unsigned char>(id[0]) <= '/' || id[0] > '9' ||
           std::memchr(id.data(), '\0', id.size()) != nullptr;
  }
  bool takes_odd_id(const char* role, std::string_view id);
  bool refuse_time(std::string_view text);
  bool names(std::string_view user, std::string_view item);

  TimeColumn time_column_;
  LineCounts counts_;
  int64_t record_line_ = 0;
  std::string header_user_, header_item_;  ///< empty while no header was seen
  bool first_ = true;
  std::string problem_, first_problem_;
  bool missing_ = false;  ///< the problem is a missing value
  int64_t rounded_times_ = 0;
};

/// One event a line.
class LineEventReader : public TextEventReader {
 public:
  using TextEventReader::TextEventReader;

  bool next(Event& event) override {
    std::string_view line;
    while (next_line(line)) {
      if (!parse(line, event)) {
        give_up_or_skip();
      } else if (!is_header(event.user, event.item)) {
        return true;
      }
    }
    return false;
  }

 protected:
  /// Fills the event from one line, or returns broken(...).
  virtual bool parse(std::string_view line, Event& event) = 0;
};

}  // namespace truenext
