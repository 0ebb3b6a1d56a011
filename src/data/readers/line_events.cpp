// SPDX-License-Identifier: Apache-2.0
#include "data/readers/line_events.h"

#include "data/readers/columns.h"
#include "data/readers/comments.h"

namespace truenext {

TextEventReader::TextEventReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
    : CheckedEventReader(options, "line"), input_(std::move(input)) {
  counts_.comments = options_.leading_comments.lines;
}

bool TextEventReader::is_comment(std::string_view line) const {
  return is_later_comment(line, options_);
}

bool TextEventReader::passes_over(std::string_view line) {
  if (line.find_first_not_of(" \t") == std::string_view::npos) return true;
  const bool comment = is_comment(line);
  counts_.comments += comment ? 1 : 0;
  return comment;
}

bool TextEventReader::names(std::string_view user, std::string_view item) {
  if (!are_usual_names(user, item)) return false;
  set_header(std::string(user), std::string(item));
  return true;
}

}  // namespace truenext
