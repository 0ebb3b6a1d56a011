// SPDX-License-Identifier: Apache-2.0
#include "data/readers/line_events.h"

#include "base/terminal_text.h"
#include "data/readers/columns.h"
#include "data/readers/comments.h"
#include "data/readers/missing_words.h"

namespace truenext {

TextEventReader::TextEventReader(const ReaderOptions& options, std::unique_ptr<LineReader> input)
    : options_(options), input_(std::move(input)) {
  check_usage(options_.time_scale > 0, "the time scale is {}, want a positive number",
              options_.time_scale);
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

void TextEventReader::give_up_or_skip() {
  const std::string message = fmt::format("{}: {}", where(), problem_);
  if (!options_.skip_bad) fail_data("{} (--skip-bad passes over broken lines)", message);
  counts_.skipped += input_->line_number() - record_line_ + 1;
  counts_.missing += missing_ ? 1 : 0;
  missing_ = false;
  if (first_problem_.empty()) first_problem_ = message;
}

bool TextEventReader::names(std::string_view user, std::string_view item) {
  if (!are_usual_names(user, item)) return false;
  set_header(std::string(user), std::string(item));
  return true;
}

bool TextEventReader::takes_odd_id(const char* role, std::string_view id) {
  if (trimmed(id).empty()) {
    return missing("the {} is {}", role, id.empty() ? "empty" : "empty: nothing but blanks");
  }
  if (id.find('\0') != std::string_view::npos) {
    return broken("the {} has a zero byte in it: \"{}\"", role, excerpt(id));
  }
  if (!options_.keep_missing_words && is_missing(id)) {
    return missing(
        "the {} is \"{}\", which stands for a missing value; if it is an id like any other, say "
        "--keep-missing-words",
        role, excerpt(id));
  }
  const bool comment =
      options_.comments == CommentOption::automatic && role[0] == 'u' && reads_as_comment(id);
  if (comment) {
    return broken(
        "the user is \"{}\": the line begins like a comment; --comments on passes over such lines, "
        "--comments off takes them as events",
        excerpt(id));
  }
  return true;
}

bool TextEventReader::refuse_time(std::string_view text) {
  missing_ = is_missing(text);
  if (missing_ && !trimmed(text).empty()) {
    return broken("the time is \"{}\", which stands for a missing value; want {}", excerpt(text),
                  kTimeForms);
  }
  return broken("{}", why_no_time(text, options_.time_scale));
}

bool TextEventReader::set_value(std::string_view text, Event& event) {
  const auto parsed = parse_number(text);
  if (!parsed) return broken("the value is \"{}\", want a number", excerpt(text));
  event.value = *parsed;
  return true;
}

std::vector<std::string> TextEventReader::warnings() const {
  std::vector<std::string> sentences = time_column_.warnings();
  if (counts_.skipped > 0) {
    sentences.push_back(fmt::format(
        "{} broken lines were passed over (--skip-bad), {} of them without user, item or time; the "
        "first: {}",
        counts_.skipped, counts_.missing, first_problem_));
  }
  if (counts_.repeated_headers > 0) {
    sentences.push_back(
        fmt::format("{} header lines among the events were passed over", counts_.repeated_headers));
  }
  if (counts_.trimmed > 0) {
    sentences.push_back(fmt::format("blanks around {} fields were taken off", counts_.trimmed));
  }
  return sentences;
}

}  // namespace truenext
