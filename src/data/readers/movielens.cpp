// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "data/readers/delimited.h"
#include "data/time_look.h"

namespace truenext {
namespace {

enum class Layout { unknown, double_colon, tabs, csv };

bool all_numeric(std::string_view line) {
  return line.find_first_not_of("0123456789.\t") == std::string_view::npos;
}

Layout layout_of(std::string_view line) {
  if (line.find("::") != std::string_view::npos) return Layout::double_colon;
  if (line.starts_with("userId,movieId,rating,timestamp")) return Layout::csv;
  if (std::count(line.begin(), line.end(), '\t') == 3 && all_numeric(line)) return Layout::tabs;
  return Layout::unknown;
}

/// ratings.dat (1M, 10M), u.data (100K) and ratings.csv (20M and later).
std::unique_ptr<EventReader> open_movielens(const ReaderOptions& options,
                                            std::unique_ptr<LineReader> input) {
  const std::string_view start = input->peek(4096);
  const Layout layout = layout_of(start.substr(0, start.find_first_of("\r\n")));
  check_data(!start.empty(), "{}: the file is empty, want ratings", input->name());
  check_data(layout != Layout::unknown,
             "{}:1: not a MovieLens file: want user::movie::rating::time, the same four with tabs, "
             "or the header userId,movieId,rating,timestamp",
             input->name());
  static const char* const separators[] = {"", "::", "\t", ","};
  const QuoteRule usual = layout == Layout::csv ? QuoteRule::rfc4180 : QuoteRule::none;
  const Delimiter delimiter{separators[static_cast<int>(layout)],
                            quote_rule(options.quotes, usual)};
  const std::string where = input->name();
  auto reader = std::make_unique<DelimitedReader>(options, std::move(input), delimiter);
  if (layout == Layout::csv) {
    reader->read_header();
  } else {
    reader->set_columns({"user", "item", "rating", "time"}, where, NamedBy::format);
  }
  return reader;
}

/// The four fields of every line; nothing when a line has others.
std::vector<std::vector<std::string>> four_fields(const InputSample& sample,
                                                  const char* separator) {
  FieldSplitter splitter({separator, QuoteRule::none});
  std::vector<std::vector<std::string>> rows;
  for (const std::string_view line : sample.lines) {
    if (!splitter.split(line) || splitter.fields().size() != 4) return {};
    rows.push_back(splitter.copies());
  }
  return rows;
}

TimeLook look_of(const std::vector<std::vector<std::string>>& rows, size_t column) {
  std::vector<std::string> values;
  for (const auto& row : rows) values.push_back(row[column]);
  return time_look(values);
}

/// user, item, rating, time without a header: the third field must be able to be a rating and the
/// fourth a time. That small numbers are times is possible, but nothing proves it.
Recognition recognise_bare(const InputSample& sample, const char* separator, const char* word) {
  const auto rows = four_fields(sample, separator);
  if (rows.empty())
    return Recognition::no(fmt::format("not every line has four fields by {}", word));
  const TimeLook rating = look_of(rows, 2), time = look_of(rows, 3);
  const bool number = rating == TimeLook::number || rating == TimeLook::epoch;
  if (!number || !reads_as_time(time)) {
    return Recognition::no("the third field is no rating, or the fourth no time");
  }
  if (rating == TimeLook::epoch && !tells_when(time)) {
    return Recognition::no("the third field is a time, not the fourth");
  }
  const std::string why = fmt::format("every line has four fields by {}", word);
  if (tells_when(time)) return Recognition::certain(why + ", the last one a time");
  return separator[0] == ':' ? Recognition::certain(why) : Recognition::possible(why);
}

Recognition recognise(const InputSample& sample) {
  if (sample.lines.empty()) return {};
  switch (layout_of(sample.lines[0])) {
    case Layout::unknown:
      return {};
    case Layout::csv:
      return Recognition::certain("the header is userId,movieId,rating,timestamp");
    case Layout::double_colon:
      return recognise_bare(sample, "::", "\"::\"");
    case Layout::tabs:
      return recognise_bare(sample, "\t", "tabs");
  }
  return {};
}

}  // namespace

extern const ReaderInfo movielens_reader;
const ReaderInfo movielens_reader{
    "movielens", "MovieLens ratings: user::movie::rating::time, u.data with tabs, or ratings.csv",
    open_movielens, recognise};

}  // namespace truenext
