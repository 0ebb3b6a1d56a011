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
#include "data/readers/checked_events.h"

namespace truenext {

/// What the readers of text files share: blank lines, comments and repeated headers are passed
/// over, errors carry "file:line:".
class TextEventReader : public CheckedEventReader {
 public:
  TextEventReader(const ReaderOptions& options, std::unique_ptr<LineReader> input);

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
  void give_up_or_skip() {
    CheckedEventReader::give_up_or_skip(input_->line_number() - record_line_ + 1);
  }
  /// "file:line" of the record at hand, whose fields may go on in later lines.
  std::string where() const override { return fmt::format("{}:{}", input_->name(), record_line_); }
  /// Whether an item is no missing value; of lines with many.
  bool check_item(std::string_view item) { return takes_id("item", item); }
  using CheckedEventReader::set_time;
  bool set_time(std::string_view text, Event& event) { return set_time(text, record_line_, event); }

  bool has_header_lines_ = true;  ///< false where a line names its own fields
  std::unique_ptr<LineReader> input_;

 private:
  bool passes_over(std::string_view line);
  bool names(std::string_view user, std::string_view item);

  int64_t record_line_ = 0;
  std::string header_user_, header_item_;  ///< empty while no header was seen
  bool first_ = true;
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
