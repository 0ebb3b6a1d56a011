// SPDX-License-Identifier: Apache-2.0
#include "data/readers/comments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/terminal_text.h"
#include "data/recognition.h"

namespace truenext {
namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// Whether lines with the mark are events of an id that begins so.
bool may_be_ids(std::string_view sample, char mark) {
  bool others = false;
  while (!sample.empty()) {
    const std::string_view line = take_line(sample);
    if (is_blank(line)) continue;
    if (others && line[0] == mark && !reads_as_comment(line)) return true;
    others = others || !has_comment_mark(line);
  }
  return !others;
}

}  // namespace

LeadingComments take_comments(LineReader& input, CommentOption option, SourceAccount& account) {
  LeadingComments comments;
  std::string_view line;
  const auto next_is_blank = [&] {
    std::string_view rest = input.peek(kSampleBytes);
    return !rest.empty() && is_blank(take_line(rest));
  };
  while (next_is_blank()) input.next(line);
  const std::string_view sample = input.peek(kSampleBytes);
  if (option == CommentOption::off || !has_comment_mark(sample)) return comments;
  if (option == CommentOption::automatic && may_be_ids(sample, sample[0])) {
    account.warnings.push_back(fmt::format(
        "{}: lines that begin with {} are taken as events, since others or all look like events; "
        "--comments on passes over them",
        input.name(), sample[0]));
    return comments;
  }
  comments.mark = sample[0];
  const std::string first = excerpt(sample.substr(0, sample.find_first_of("\r\n")));
  for (std::string_view rest = input.peek(kSampleBytes); !rest.empty();
       rest = input.peek(kSampleBytes)) {
    const std::string_view next = take_line(rest);
    if (!has_comment_mark(next) && !is_blank(next)) break;
    comments.lines += is_blank(next) ? 0 : 1;
    input.next(line);
  }
  account.passed_over.push_back(
      fmt::format("{} comment line{} at the start, \"{}\" (--comments off reads them)",
                  comments.lines, comments.lines == 1 ? "" : "s", first));
  return comments;
}

}  // namespace truenext
