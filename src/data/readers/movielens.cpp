// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "data/readers/delimited.h"

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
    reader->set_columns({"user", "item", "rating", "time"}, where);
  }
  return reader;
}

bool recognises(const InputSample& sample) {
  return !sample.lines.empty() && layout_of(sample.lines[0]) != Layout::unknown;
}

}  // namespace

extern const ReaderInfo movielens_reader;
const ReaderInfo movielens_reader{
    "movielens", "MovieLens ratings: user::movie::rating::time, u.data with tabs, or ratings.csv",
    open_movielens, recognises};

}  // namespace truenext
