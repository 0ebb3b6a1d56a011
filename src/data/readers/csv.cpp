// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "data/readers/comments.h"
#include "data/readers/delimited.h"
#include "data/recognition.h"

namespace truenext {
namespace {

// Columns of files without header and without --columns, by how many there are.
std::vector<std::string> usual_columns(size_t count, const LineReader& input) {
  if (count == 2) return {"user", "item"};
  if (count == 3) return {"user", "item", "time"};
  if (count == 4) return {"user", "item", "value", "time"};
  fail_data(
      "{}: {} fields in the first line; say what they are with --columns, for example "
      "--columns user,item,-,time",
      input.name(), count);
}

/// How often a character stands outside quotes.
size_t count_outside(std::string_view line, char c) {
  size_t count = 0;
  bool quoted = false;
  for (const char each : line) {
    if (each == '"') quoted = !quoted;
    count += each == c && !quoted ? 1 : 0;
  }
  return count;
}

/// How often it stands in every line; 0 when that differs, or when one line says nothing.
size_t everywhere(const std::vector<std::string_view>& lines, char c) {
  for (const std::string_view line : lines) {
    if (count_outside(line, c) != count_outside(lines[0], c)) return 0;
  }
  return lines.size() < 2 ? 0 : count_outside(lines[0], c);
}

/// Another separator where the usual one stands in lines by chance only ("3,5"), and the other as
/// often in every line. A file of one column holds no events.
std::string found_separator(std::string_view start, const std::string& usual,
                            const ReaderOptions& options) {
  std::vector<std::string_view> lines = first_lines(start);
  std::erase_if(lines, [&](std::string_view line) { return is_later_comment(line, options); });
  if (lines.empty() || names_user_and_item(split_names(lines[0], usual[0]), options)) return usual;
  for (const char c : {';', '\t', '|', ','}) {
    if (c != usual[0] && everywhere(lines, c) > everywhere(lines, usual[0])) {
      return std::string(1, c);
    }
  }
  return usual;
}

std::unique_ptr<EventReader> open_separated(const ReaderOptions& options,
                                            std::unique_ptr<LineReader> input,
                                            const std::string& separator) {
  const std::string text = separator_text(
      options.separator, found_separator(input->peek(kSampleBytes), separator, options));
  const QuoteRule usual = text == "\t" ? QuoteRule::whole_field : QuoteRule::rfc4180;
  const bool found = options.separator.empty() && text != separator;
  const Delimiter delimiter{text, quote_rule(options.quotes, usual), found};
  const std::string where = input->name();
  std::vector<std::string> names;
  NamedBy named_by = NamedBy::option;
  if (!options.columns.empty()) {
    names = split_names(options.columns, ',');
  } else if (!options.header) {
    const std::string_view start = input->peek(size_t{64} << 10);
    FieldSplitter splitter(delimiter);
    splitter.split(start.substr(0, start.find_first_of("\r\n")));
    if (!start.empty()) names = usual_columns(splitter.fields().size(), *input);
    named_by = NamedBy::position;
  }
  const bool header = names.empty();
  auto reader = std::make_unique<DelimitedReader>(options, std::move(input), delimiter);
  if (header) {
    reader->read_header();
  } else {
    reader->set_columns(names, where, named_by);
  }
  return reader;
}

/// A first line of numbers names nothing.
bool is_header(const std::vector<std::string>& fields) {
  return std::none_of(fields.begin(), fields.end(),
                      [](const std::string& field) { return parse_number(field).has_value(); });
}

Recognition recognise(const InputSample& sample, const char* extension, char separator) {
  if (sample.lines.empty()) return {};
  if (sample.name.ends_with(extension)) {
    return Recognition::certain(fmt::format("the name ends in {}", extension));
  }
  const ReaderOptions& options = *sample.options;
  if (separator == ',' && !options.separator.empty()) {
    return Recognition::certain("--separator says what stands between fields");
  }
  const std::vector<std::string> fields = split_names(sample.lines[0], separator);
  const char* const word = separator == ',' ? "commas" : "tabs";
  if (fields.size() < 2) return {};
  if (!options.columns.empty() || !options.header) {
    return Recognition::certain(
        fmt::format("{} stand between fields, and an option says what they are", word));
  }
  if (names_user_and_item(fields, options)) {
    return Recognition::certain(
        fmt::format("{} stand between fields, and the first line names user and item", word));
  }
  const bool brackets = sample.lines[0].starts_with('{') || sample.lines[0].starts_with('[');
  if (separator == ',' && !brackets) return Recognition::certain("commas stand between fields");
  if (separator == '\t' && is_header(fields))
    return Recognition::possible("tabs stand between fields");
  return {};
}

}  // namespace

extern const ReaderInfo csv_reader;
const ReaderInfo csv_reader{
    "csv",
    "comma-separated values, columns named by the header or --columns",
    [](const ReaderOptions& options, std::unique_ptr<LineReader> input) {
      return open_separated(options, std::move(input), ",");
    },
    [](const InputSample& sample) { return recognise(sample, ".csv", ','); },
    false,
    true};

extern const ReaderInfo tsv_reader;
const ReaderInfo tsv_reader{
    "tsv",
    "tab-separated values, columns named by the header or --columns",
    [](const ReaderOptions& options, std::unique_ptr<LineReader> input) {
      return open_separated(options, std::move(input), "\t");
    },
    [](const InputSample& sample) { return recognise(sample, ".tsv", '\t'); },
    false,
    true};

}  // namespace truenext
