// SPDX-License-Identifier: Apache-2.0
#include "data/readers/delimited.h"

#include <algorithm>

#include "base/terminal_text.h"
#include "data/readers/comments.h"
#include "data/readers/typed_header.h"
#include "data/recognition.h"
#include "data/source_account.h"

namespace truenext {
namespace {

/// Above these a quote that opens and does not close is taken for text that is not meant as
/// quoting.
constexpr int kMostRecordLines = 1000;
constexpr size_t kMostRecordBytes = size_t{1} << 20;

/// Appends what stands between quotes to `text`, with "" as one quote. The place behind the closing
/// quote, npos when there is none. `at` is behind the opening one.
size_t unquote(std::string_view line, size_t at, std::string& text) {
  for (;; ++at) {
    const size_t quote = line.find('"', at);
    if (quote == std::string_view::npos) return quote;
    text.append(line, at, quote - at);
    at = quote + 1;
    if (at >= line.size() || line[at] != '"') return at;
    text += '"';
  }
}

}  // namespace

QuoteRule quote_rule(QuoteOption option, QuoteRule usual) {
  if (option == QuoteOption::automatic) return usual;
  return option == QuoteOption::on ? QuoteRule::rfc4180 : QuoteRule::none;
}

bool FieldSplitter::split(std::string_view line) {
  saw_quotes_ = delimiter_.quotes != QuoteRule::none && line.find('"') != std::string_view::npos;
  if (saw_quotes_ && delimiter_.quotes == QuoteRule::rfc4180) return split_quoted(line);
  fields_.clear();
  const std::string_view separator = delimiter_.separator;
  for (;;) {
    const size_t at = separator.size() == 1 ? line.find(separator[0]) : line.find(separator);
    fields_.push_back(line.substr(0, at));
    if (at == std::string_view::npos) break;
    line.remove_prefix(at + separator.size());
  }
  if (saw_quotes_) unquote_whole_fields();
  return true;
}

std::string_view FieldSplitter::trim_front(std::string_view text) const {
  const bool blank_separates = delimiter_.separator.find(' ') != std::string::npos;
  while (!text.empty() && text.front() == ' ' && !blank_separates) text.remove_prefix(1);
  return text;
}

std::string_view FieldSplitter::trim(std::string_view field) const {
  const bool blank_separates = delimiter_.separator.find(' ') != std::string::npos;
  const auto is_blank = [&](char c) { return (c == ' ' && !blank_separates) || c == '\t'; };
  while (!field.empty() && is_blank(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_blank(field.back())) field.remove_suffix(1);
  return field;
}

void FieldSplitter::unquote_whole_fields() {
  unquoted_.clear();
  for (std::string_view& field : fields_) {
    const std::string_view inside = trim(field);
    if (inside.size() < 2 || inside.front() != '"' || inside.back() != '"') continue;
    std::string& text = unquoted_.emplace_back();
    if (unquote(inside, 1, text) == inside.size()) field = text;
  }
}

/// Takes a field whose first quote is at `quote`, with the separator behind it.
FieldSplitter::Quoted FieldSplitter::take_quoted(std::string_view& line, size_t quote) {
  std::string& text = unquoted_.emplace_back();
  const size_t end = unquote(line, quote + 1, text);
  if (end == std::string_view::npos) return Quoted::open;
  const std::string_view behind = line.substr(end);
  const std::string_view rest = trim_front(behind);
  if (!rest.empty() && !rest.starts_with(delimiter_.separator)) return Quoted::text;
  fields_.push_back(text);
  line = rest;
  return Quoted::taken;
}

bool FieldSplitter::split_quoted(std::string_view line) {
  fields_.clear();
  unquoted_.clear();
  const std::string_view separator = delimiter_.separator;
  for (;;) {
    const size_t quote = line.size() - trim_front(line).size();
    Quoted quoted = Quoted::text;
    if (quote < line.size() && line[quote] == '"') quoted = take_quoted(line, quote);
    if (quoted == Quoted::open) return false;
    if (quoted == Quoted::text) {
      const size_t at = line.find(separator);
      fields_.push_back(line.substr(0, at));
      line.remove_prefix(std::min(line.size(), at));
    }
    if (line.empty()) return true;
    line.remove_prefix(separator.size());
  }
}

void FieldSplitter::split_record(std::string_view line, LineReader& input) {
  if (split(line)) return;
  const int64_t begin = input.line_number();
  record_.assign(line);
  for (int lines = 1;; ++lines) {
    std::string_view more;
    const bool ends =
        lines == kMostRecordLines || record_.size() > kMostRecordBytes || !input.next(more);
    // Where the record ends is not known, so neither is where another begins: no reading on.
    check_data(
        !ends, "{}:{}: a quote is not closed {}; if quotes are text in this file, say --quotes off",
        input.name(), begin, lines == 1 ? "on its line" : "on its line, nor on those behind it");
    record_ += '\n';
    record_ += more;
    if (more.find('"') != std::string_view::npos && split(record_)) return;
  }
}

DelimitedReader::DelimitedReader(const ReaderOptions& options, std::unique_ptr<LineReader> input,
                                 Delimiter delimiter)
    : TextEventReader(options, std::move(input)), splitter_(std::move(delimiter)) {
  if (!splitter_.found_separator()) return;
  const std::string& separator = splitter_.separator();
  account_.why = fmt::format("{} stands between the fields of every line",
                             separator == "\t" ? "a tab" : "\"" + separator + "\"");
}

std::vector<std::string> DelimitedReader::header_fields() {
  std::string_view line;
  check_data(next_line(line), "{}: the file is empty, want a header line and events",
             input_->name());
  split_record(line);
  std::vector<std::string> names;
  for (const std::string_view name : splitter_.fields()) names.emplace_back(splitter_.trim(name));
  return names;
}

void DelimitedReader::read_header() {
  const std::vector<std::string> header = header_fields();
  set_columns(header, where(), NamedBy::header);
  set_header(header[columns_.user], header[columns_.item]);
}

void DelimitedReader::read_typed_header() {
  const std::vector<std::string> header = header_fields();
  set_columns(untyped_names(header, splitter_.separator(), where(), account_), where(),
              NamedBy::header);
  set_header(header[columns_.user], header[columns_.item]);
}

/// Of lines that will be refused or passed over nothing is to be learnt.
std::vector<std::vector<std::string>> DelimitedReader::first_rows(
    const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string_view line : first_lines(input_->peek(kSampleBytes))) {
    if (is_comment(line)) continue;
    if (!splitter_.split(line) || splitter_.fields().size() != names.size()) continue;
    std::vector<std::string> row;
    for (const std::string_view field : splitter_.fields()) {
      row.emplace_back(splitter_.trim(field));
    }
    if (row != names) rows.push_back(std::move(row));
  }
  return rows;
}

void DelimitedReader::set_columns(const std::vector<std::string>& names, const std::string& where,
                                  NamedBy named_by) {
  columns_ = Columns::find({names, first_rows(names), where, named_by}, options_, account_);
  for (const int at : {columns_.user, columns_.item, columns_.time, columns_.value}) {
    if (at < 0) continue;
    check_data(std::count(names.begin(), names.end(), names[at]) == 1,
               "{}: two columns are called \"{}\"; rename one of them in the header, or name all "
               "columns with --columns and read without the header line",
               where, excerpt(names[at]));
  }
}

bool DelimitedReader::has_all_fields() {
  const size_t count = splitter_.fields().size();
  if (count == static_cast<size_t>(columns_.count)) return true;
  const std::string& separator = splitter_.separator();
  std::string hint;
  if (splitter_.saw_quotes()) hint = "; --quotes on or off says what quotes are";
  if (count == 1) {
    hint = fmt::format("; there is no {} in the line",
                       separator == "\t" ? "tab" : "\"" + separator + "\"");
  }
  if (count > 0 && has_comment_mark(splitter_.fields()[0])) {
    hint += "; --comments on passes over lines that begin so";
  }
  return broken("{} fields, want {}{}", count, columns_.count, hint);
}

bool DelimitedReader::next(Event& event) {
  std::string_view line;
  while (next_line(line)) {
    split_record(line);
    if (has_all_fields()) {
      const std::string_view user = field(columns_.user), item = field(columns_.item);
      if (is_header(user, item)) continue;
      const bool good = set_ids(user, item, event) &&
                        (columns_.time < 0 || set_time(field(columns_.time), event)) &&
                        (columns_.value < 0 || set_value(field(columns_.value), event));
      if (good) return true;
    }
    give_up_or_skip();
  }
  return false;
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
