// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/line_reader.h"
#include "data/events.h"

namespace truenext {

/// Takes the comment lines at the start of a file, and says so in `account`. With `automatic`,
/// lines that begin with a mark are events when no other line is in sight, or when a line that
/// begins with the mark and no blank stands among the others: then the mark may begin an id.
LeadingComments take_comments(LineReader& input, CommentOption option, SourceAccount& account);

/// Whether a line begins with a mark, # or %.
inline bool has_comment_mark(std::string_view line) {
  return !line.empty() && (line[0] == '#' || line[0] == '%');
}

/// Whether a line is nothing but a mark, or has a blank behind it.
inline bool reads_as_comment(std::string_view line) {
  return has_comment_mark(line) && (line.size() == 1 || line[1] == ' ' || line[1] == '\t');
}

/// Whether a line behind the start is a comment.
inline bool is_later_comment(std::string_view line, const ReaderOptions& options) {
  if (!has_comment_mark(line) || options.comments == CommentOption::off) return false;
  return options.comments == CommentOption::on ||
         (line[0] == options.leading_comments.mark && reads_as_comment(line));
}

}  // namespace truenext
