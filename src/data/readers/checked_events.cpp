// SPDX-License-Identifier: Apache-2.0
#include "data/readers/checked_events.h"

#include "base/terminal_text.h"
#include "data/readers/comments.h"
#include "data/readers/missing_words.h"

namespace truenext {

CheckedEventReader::CheckedEventReader(ReaderOptions options, const char* place)
    : options_(std::move(options)), place_(place), time_column_(place) {
  check_usage(options_.time_scale > 0, "the time scale is {}, want a positive number",
              options_.time_scale);
}

void CheckedEventReader::give_up_or_skip(int64_t lines) {
  const std::string message = fmt::format("{}: {}", where(), problem_);
  if (!options_.skip_bad) fail_data("{} (--skip-bad passes over broken {}s)", message, place_);
  counts_.skipped += lines;
  counts_.missing += missing_ ? 1 : 0;
  missing_ = false;
  if (first_problem_.empty()) first_problem_ = message;
}

bool CheckedEventReader::takes_odd_id(const char* role, std::string_view id) {
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

bool CheckedEventReader::refuse_time(std::string_view text) {
  missing_ = is_missing(text);
  if (missing_ && !trimmed(text).empty()) {
    return broken("the time is \"{}\", which stands for a missing value; want {}", excerpt(text),
                  kTimeForms);
  }
  return broken("{}", why_no_time(text, options_.time_scale));
}

bool CheckedEventReader::set_value(std::string_view text, Event& event) {
  const auto parsed = parse_number(text);
  if (!parsed) return broken("the value is \"{}\", want a number", excerpt(text));
  event.value = *parsed;
  return true;
}

std::vector<std::string> CheckedEventReader::warnings() const {
  std::vector<std::string> sentences = time_column_.warnings();
  if (counts_.skipped > 0) {
    sentences.push_back(fmt::format(
        "{} broken {}s were passed over (--skip-bad), {} of them without user, item or time; the "
        "first: {}",
        counts_.skipped, place_, counts_.missing, first_problem_));
  }
  if (counts_.repeated_headers > 0) {
    sentences.push_back(fmt::format("{} header {}s among the events were passed over",
                                    counts_.repeated_headers, place_));
  }
  if (counts_.trimmed > 0) {
    sentences.push_back(fmt::format("blanks around {} fields were taken off", counts_.trimmed));
  }
  return sentences;
}

}  // namespace truenext
