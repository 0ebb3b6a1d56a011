// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/terminal_text.h"
#include "data/attribute_columns.h"
#include "data/attribute_readers.h"
#include "data/readers/comments.h"
#include "data/readers/delimited.h"
#include "data/readers/input_kind.h"
#include "data/recognition.h"

namespace truenext {
namespace {

using Rows = std::vector<std::vector<std::string>>;

QuoteRule quotes_of(std::string_view separator) {
  if (separator == "\t") return QuoteRule::whole_field;
  return separator == "," || separator == ";" ? QuoteRule::rfc4180 : QuoteRule::none;
}

std::string separator_phrase(const std::string& separator) {
  return separator == "\t" ? "a tab" : "\"" + separator + "\"";
}

/// The first rows; one whose quotes close on a later line goes on there.
Rows rows_of(const std::vector<std::string_view>& lines, const std::string& separator) {
  FieldSplitter splitter({separator, quotes_of(separator)});
  Rows rows;
  std::string record;
  for (const std::string_view line : lines) {
    record += record.empty() ? "" : "\n";
    record += line;
    if (!splitter.split(record)) continue;
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string_view field : splitter.fields()) row.emplace_back(splitter.trim(field));
    record.clear();
  }
  return rows;
}

/// What stands as often in every line, between fields. What cuts a field into attributes does not
/// stand between fields.
std::string find_separator(const std::string& name, const std::vector<std::string_view>& lines,
                           const std::string& inside) {
  std::vector<std::string> marks{"::", "\t", ",", ";", "|"};
  const std::string file = bare_name(name);
  const auto first = std::find(marks.begin(), marks.end(), file.ends_with(".csv") ? "," : "\t");
  if (file.ends_with(".csv") || file.ends_with(".tsv")) {
    std::rotate(marks.begin(), first, first + 1);
  }
  std::erase(marks, inside);
  for (const std::string& mark : marks) {
    const Rows rows = rows_of(lines, mark);
    const bool even = std::all_of(rows.begin(), rows.end(), [&](const auto& row) {
      return row.size() > 1 && row.size() == rows[0].size();
    });
    if (even && !rows.empty()) return mark;
  }
  fail_data(
      "{}: no mark stands as often in all of the first lines: want an item and an attribute a "
      "line, "
      "apart by a tab, a comma, ;, | or ::; the first line is \"{}\"",
      name, excerpt(lines[0]));
}

/// RecBole's "class:token_seq" -> "class".
constexpr std::string_view kTypes[] = {":token_seq", ":float_seq", ":token", ":float"};

bool is_typed(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return std::any_of(std::begin(kTypes), std::end(kTypes),
                       [&](std::string_view type) { return name.ends_with(type); });
  });
}

[[noreturn]] void fail_unnamed(const SourceTable& table) {
  std::vector<std::string> blanks(table.rows[0].size(), "-");
  blanks.front() = "item";
  blanks.back() = "attribute";
  fail_data(
      "{}: the first line ({}) is neither names of an item and an attribute nor clearly a pair of "
      "them; name the columns of a header with --attribute-item-column and --attribute-column, or "
      "the fields of a file without header with --attribute-columns, for example {}",
      table.where, shown_names(table.rows[0]), fmt::join(blanks, ","));
}

class TableReader {
 public:
  TableReader(LineReader& input, const AttributeOptions& options, AttributeCollector& rows)
      : input_(input), options_(options), rows_(rows) {
    take_comments(input, CommentOption::automatic, rows.account());
    const auto lines = first_lines(input.peek(kSampleBytes));
    check_data(!lines.empty(), "{}: the file is empty, want items with attributes", input.name());
    const std::string inside = separator_text(options.separator, "");
    separator_ = find_separator(input.name(), lines, inside);
    table_.where = fmt::format("{}:{}", input.name(), input.line_number() + 1);
    table_.rows = rows_of(lines, separator_);
    name_columns();
    places_ = find_attribute_columns(table_, options, rows.account());
    if (typed_ && inside.empty() && header_[places_.attribute].ends_with("_seq")) {
      rows.set_separator(" ");
      rows.account().why += "; blanks stand between the attributes, as the type _seq says";
    }
  }

  std::string run() {
    FieldSplitter splitter({separator_, quotes_of(separator_)});
    int64_t record_line = 0;
    rows_.set_place([&] { return fmt::format("{}:{}", input_.name(), record_line); });
    std::string_view line;
    bool header = !header_.empty();
    while (input_.next(line)) {
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      record_line = input_.line_number();
      splitter.split_record(line, input_);
      if (std::exchange(header, false)) continue;
      take(splitter);
    }
    return separator_ == "," ? "csv" : separator_ == "\t" ? "tsv" : "table";
  }

 private:
  /// Names come from an option, from a header with usual names or those that options choose, or,
  /// for pairs that do not look like a header, from the position.
  void name_columns() {
    std::string& why = rows_.account().why;
    why = fmt::format("{} stands between the fields of every line", separator_phrase(separator_));
    const std::vector<std::string> first = table_.rows[0];
    if (!options_.columns.empty()) {
      table_.names = split_names(options_.columns, ',');
      table_.named_by = NamedBy::option;
      check_data(table_.names.size() == first.size(),
                 "{}: {} fields, but --attribute-columns names {}; the first line is {}",
                 table_.where, first.size(), table_.names.size(), shown_names(first));
      return;
    }
    std::vector<std::string> names = first;
    typed_ = is_typed(names);
    for (std::string& name : names) {
      if (typed_) name.resize(name.rfind(':'));
    }
    const bool chosen = options_.item_column || options_.attribute_column;
    const bool some = names_an_item(names) || names_an_attribute(names);
    if (chosen || (names_an_item(names) && names_an_attribute(names))) {
      header_ = first;
      table_.names = names;
      table_.rows.erase(table_.rows.begin());
      why += "; the first line names them";
    } else if (first.size() == 2 && !some && !typed_ && !begins_with_names(table_.rows, {})) {
      table_.names = {"item", "attribute"};
      table_.named_by = NamedBy::position;
      why += "; no line names them: the first is the item";
    } else {
      fail_unnamed(table_);
    }
    // Rows of another length are named when they are read.
    std::erase_if(table_.rows, [&](const auto& row) { return row.size() != names.size(); });
  }

  void take(const FieldSplitter& splitter) {
    const std::vector<std::string_view>& fields = splitter.fields();
    if (fields.size() != table_.names.size()) {
      fail_data("{}: {} fields apart by {}, want {}", rows_.where(), fields.size(),
                separator_phrase(separator_), table_.names.size());
    }
    const std::string_view item = splitter.trim(fields[places_.item]);
    if (item.empty()) {
      fail_data("{}: the column \"{}\" is empty, want the raw id of an item", rows_.where(),
                excerpt(table_.shown_name(places_.item)));
    }
    const std::string_view attribute = splitter.trim(fields[places_.attribute]);
    const bool list = attribute.starts_with("['") || attribute.starts_with("[\"");
    if (list && attribute.ends_with(']')) {
      fail_data(
          "{}: the column \"{}\" holds a list as text, \"{}\"; want attributes apart by one mark "
          "(--attribute-separator), one attribute a line, or JSON lines with lists",
          rows_.where(), excerpt(table_.shown_name(places_.attribute)), excerpt(attribute));
    }
    rows_.begin(item);
    rows_.add(attribute);
    rows_.end();
  }

  LineReader& input_;
  const AttributeOptions& options_;
  AttributeCollector& rows_;
  std::string separator_;
  SourceTable table_;
  std::vector<std::string> header_;  ///< as it stands in the file; empty when there is none
  bool typed_ = false;
  AttributePlaces places_;
};

}  // namespace

std::string read_attribute_table(LineReader& input, const AttributeOptions& options,
                                 AttributeCollector& rows) {
  return TableReader(input, options, rows).run();
}

}  // namespace truenext
