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

/// How the fields of a line are told apart.
struct Delimiter {
  std::string separator = ",";
  bool quotes = true;  ///< fields may be "quoted", with "" for a quote inside (RFC 4180)
};

/// Cuts lines into fields. The views are valid until the next line.
class FieldSplitter {
 public:
  explicit FieldSplitter(Delimiter delimiter) : delimiter_(std::move(delimiter)) {}
  /// False when a quote is not closed on the line.
  bool split(std::string_view line);
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::vector<std::string> copies() const { return {fields_.begin(), fields_.end()}; }

 private:
  bool split_quoted(std::string_view line);
  Delimiter delimiter_;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;
};

/// One event per line, fields apart by a separator, columns by name. The readers of CSV, TSV,
/// MovieLens, RecBole and session files are this one with different headers.
class DelimitedReader : public LineEventReader {
 public:
  DelimitedReader(const ReaderOptions& options, std::unique_ptr<LineReader> input,
                  Delimiter delimiter);

  /// Takes the first line of the input as the names of the columns.
  void read_header();
  /// Takes "name:type" headers (RecBole): the type is cut off.
  void read_typed_header();
  void set_columns(const std::vector<std::string>& names, const std::string& where);

  bool has_time() const override { return columns_.time >= 0; }
  bool has_value() const override { return columns_.value >= 0; }

 protected:
  bool parse(std::string_view line, Event& event) override;

 private:
  std::vector<std::string> header_fields();
  FieldSplitter splitter_;
  Columns columns_;
};

/// The separator that an option names ("tab", "comma", "space", "pipe" or the text itself).
std::string separator_text(const std::string& option, const std::string& fallback);

}  // namespace truenext
