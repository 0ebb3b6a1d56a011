// SPDX-License-Identifier: Apache-2.0
#include "data/readers/delimited.h"

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

std::unique_ptr<EventReader> open_separated(const ReaderOptions& options,
                                            std::unique_ptr<LineReader> input,
                                            const std::string& separator) {
  const std::string text = separator_text(options.separator, separator);
  const QuoteRule usual = text == "\t" ? QuoteRule::whole_field : QuoteRule::rfc4180;
  const Delimiter delimiter{text, quote_rule(options.quotes, usual)};
  const std::string where = input->name();
  std::vector<std::string> names;
  if (!options.columns.empty()) {
    names = split_names(options.columns, ',');
  } else if (!options.header) {
    const std::string_view start = input->peek(size_t{64} << 10);
    FieldSplitter splitter(delimiter);
    splitter.split(start.substr(0, start.find_first_of("\r\n")));
    if (!start.empty()) names = usual_columns(splitter.fields().size(), *input);
  }
  const bool header = names.empty();
  auto reader = std::make_unique<DelimitedReader>(options, std::move(input), delimiter);
  if (header) {
    reader->read_header();
  } else {
    reader->set_columns(names, where);
  }
  return reader;
}

bool has_separator(const InputSample& sample, const char* extension, char separator) {
  if (sample.lines.empty()) return false;
  return sample.name.ends_with(extension) ||
         sample.lines[0].find(separator) != std::string_view::npos;
}

}  // namespace

extern const ReaderInfo csv_reader;
const ReaderInfo csv_reader{
    "csv", "comma-separated values, columns named by the header or --columns",
    [](const ReaderOptions& options, std::unique_ptr<LineReader> input) {
      return open_separated(options, std::move(input), ",");
    },
    [](const InputSample& sample) { return has_separator(sample, ".csv", ','); }};

extern const ReaderInfo tsv_reader;
const ReaderInfo tsv_reader{
    "tsv", "tab-separated values, columns named by the header or --columns",
    [](const ReaderOptions& options, std::unique_ptr<LineReader> input) {
      return open_separated(options, std::move(input), "\t");
    },
    [](const InputSample& sample) { return has_separator(sample, ".tsv", '\t'); }};

}  // namespace truenext
