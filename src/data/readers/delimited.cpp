// SPDX-License-Identifier: Apache-2.0
#include "data/readers/delimited.h"

#include "base/log.h"

namespace truenext {

bool FieldSplitter::split(std::string_view line) {
  if (delimiter_.quotes && line.find('"') != std::string_view::npos) return split_quoted(line);
  fields_.clear();
  const std::string_view separator = delimiter_.separator;
  for (;;) {
    const size_t at = separator.size() == 1 ? line.find(separator[0]) : line.find(separator);
    fields_.push_back(line.substr(0, at));
    if (at == std::string_view::npos) return true;
    line.remove_prefix(at + separator.size());
  }
}

bool FieldSplitter::split_quoted(std::string_view line) {
  fields_.clear();
  unquoted_.clear();
  const std::string_view separator = delimiter_.separator;
  for (;;) {
    if (line.empty() || line[0] != '"') {
      const size_t at = line.find(separator);
      fields_.push_back(line.substr(0, at));
      if (at == std::string_view::npos) return true;
      line.remove_prefix(at + separator.size());
      continue;
    }
    std::string& text = unquoted_.emplace_back();
    size_t at = 1;
    for (;; ++at) {
      const size_t quote = line.find('"', at);
      if (quote == std::string_view::npos) return false;
      text.append(line, at, quote - at);
      at = quote + 1;
      if (at >= line.size() || line[at] != '"') break;
      text += '"';
    }
    fields_.push_back(text);
    line.remove_prefix(at);
    if (line.empty()) return true;
    if (!line.starts_with(separator)) return false;
    line.remove_prefix(separator.size());
  }
}

DelimitedReader::DelimitedReader(const ReaderOptions& options, std::unique_ptr<LineReader> input,
                                 Delimiter delimiter)
    : LineEventReader(options, std::move(input)), splitter_(std::move(delimiter)) {}

std::vector<std::string> DelimitedReader::header_fields() {
  std::string_view line;
  check_data(next_line(line), "{}: the file is empty, want a header line and events",
             input_->name());
  check_data(splitter_.split(line), "{}: a quote in the header is not closed", input_->where());
  return splitter_.copies();
}

void DelimitedReader::read_header() {
  const std::vector<std::string> names = header_fields();
  set_columns(names, input_->where());
}

void DelimitedReader::read_typed_header() {
  std::vector<std::string> names = header_fields();
  for (std::string& name : names) name = name.substr(0, name.rfind(':'));
  set_columns(names, input_->where());
}

void DelimitedReader::set_columns(const std::vector<std::string>& names, const std::string& where) {
  columns_ = Columns::find(names, options_, where);
  const auto shown = [&](int at) { return at < 0 ? "none" : "\"" + names[at] + "\""; };
  log_info("columns: user {}, item {}, time {}, value {}", shown(columns_.user),
           shown(columns_.item), shown(columns_.time), shown(columns_.value));
}

bool DelimitedReader::parse(std::string_view line, Event& event) {
  if (!splitter_.split(line)) return broken("a quote is not closed on its line");
  const std::vector<std::string_view>& fields = splitter_.fields();
  if (fields.size() != static_cast<size_t>(columns_.count)) {
    return broken("{} fields, want {}", fields.size(), columns_.count);
  }
  return set_ids(fields[columns_.user], fields[columns_.item], event) &&
         (columns_.time < 0 || set_time(fields[columns_.time], event)) &&
         (columns_.value < 0 || set_value(fields[columns_.value], event));
}

std::string separator_text(const std::string& option, const std::string& fallback) {
  if (option.empty()) return fallback;
  if (option == "tab" || option == "\\t") return "\t";
  if (option == "comma") return ",";
  if (option == "space") return " ";
  if (option == "pipe") return "|";
  return option;
}

}  // namespace truenext
