// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/readers/columns.h"
#include "data/readers/line_events.h"

namespace truenext {

/// What a double quote does. The views of fields have no enclosing quotes.
enum class QuoteRule {
  none,         ///< it is text
  whole_field,  ///< separators always separate; a field may stand between quotes, "" is one inside
  rfc4180       ///< quotes at the begin of a field enclose it, with separators and line ends in it;
                ///< when text follows the closing one, all of them are text
};

/// How the fields of a line are told apart.
struct Delimiter {
  std::string separator = ",";
  QuoteRule quotes = QuoteRule::rfc4180;
  bool found = false;  ///< in the lines: neither an option nor the format says so
};

/// The rule that an option asks for; `usual` is that of the format.
QuoteRule quote_rule(QuoteOption option, QuoteRule usual);

/// Cuts lines into fields. The views are valid until the next line.
class FieldSplitter {
 public:
  explicit FieldSplitter(Delimiter delimiter) : delimiter_(std::move(delimiter)) {}
  /// False when a quote is not closed on the line.
  bool split(std::string_view line);
  /// Cuts the line that `input` gave last, and those behind it when a quote that opens on it closes
  /// there. Data Error with file:line when none does.
  void split_record(std::string_view line, LineReader& input);
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::vector<std::string> copies() const { return {fields_.begin(), fields_.end()}; }
  const std::string& separator() const { return delimiter_.separator; }
  bool found_separator() const { return delimiter_.found; }
  /// Whether quotes mean something and the line has some.
  bool saw_quotes() const { return saw_quotes_; }
  /// A field without the blanks around it, unless blanks separate.
  std::string_view trim(std::string_view field) const;

 private:
  enum class Quoted { taken, text, open };
  bool split_quoted(std::string_view line);
  std::string_view trim_front(std::string_view text) const;
  Quoted take_quoted(std::string_view& line, size_t quote);
  void unquote_whole_fields();
  Delimiter delimiter_;
  bool saw_quotes_ = false;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;
  std::string record_;  // of several lines
};

/// One event per line, fields apart by a separator, columns by name. The readers of CSV, TSV,
/// MovieLens, RecBole and session files are this one with different headers.
class DelimitedReader : public TextEventReader {
 public:
  DelimitedReader(const ReaderOptions& options, std::unique_ptr<LineReader> input,
                  Delimiter delimiter);

  /// Takes the first line of the input as the names of the columns.
  void read_header();
  /// Takes "name:type" headers (RecBole): the type is cut off. Data Error when other characters
  /// than the separator stand between the names, or when a column of lists holds the events.
  void read_typed_header();
  void set_columns(const std::vector<std::string>& names, const std::string& where,
                   NamedBy named_by);

  bool has_time() const override { return columns_.time >= 0; }
  bool has_value() const override { return columns_.value >= 0; }
  bool next(Event& event) override;

 private:
  std::vector<std::string> header_fields();
  void split_record(std::string_view line) { splitter_.split_record(line, *input_); }
  std::string_view field(int column) {
    const std::string_view whole = splitter_.fields()[static_cast<size_t>(column)];
    const std::string_view text = splitter_.trim(whole);
    count_trimmed(text.size() != whole.size());
    return text;
  }
  bool has_all_fields();

  std::vector<std::vector<std::string>> first_rows(const std::vector<std::string>& names);
  FieldSplitter splitter_;
  Columns columns_;
};

/// The separator that an option names ("tab", "comma", "space", "pipe" or the text itself).
std::string separator_text(const std::string& option, const std::string& fallback);

}  // namespace truenext
