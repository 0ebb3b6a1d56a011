// SPDX-License-Identifier: Apache-2.0
#include "data/attribute_collector.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/shell_text.h"
#include "base/terminal_text.h"
#include "base/utf8.h"
#include "data/readers/delimited.h"
#include "data/readers/missing_words.h"

namespace truenext {
namespace {

constexpr size_t kShownIds = 3;
constexpr size_t kShownAttributes = 5;

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

AttributeCollector::AttributeCollector(std::string path, const AttributeOptions& options,
                                       const ItemLookup& items)
    : path_(std::move(path)),
      separator_(separator_text(options.separator, "")),
      chosen_separator_(!options.separator.empty()),
      keep_missing_words_(options.keep_missing_words),
      items_(items),
      rows_(static_cast<size_t>(items.size)),
      seen_(rows_.size()) {}

bool AttributeCollector::stands_for_nothing(std::string_view text) const {
  return text.empty() || (!keep_missing_words_ && is_missing(text));
}

void AttributeCollector::fail_item(std::string_view item) const {
  check_data(!item.empty(), "{}: the item is empty, want the raw id of an item", place_());
  if (item.find('\0') != std::string_view::npos) {
    fail_data("{}: the item has a zero byte in it: \"{}\"", place_(), excerpt(item));
  }
  fail_data(
      "{}: the item is \"{}\", which stands for a missing value; if it is an id like any other, "
      "say "
      "--keep-missing-words",
      place_(), excerpt(item));
}

bool AttributeCollector::begin(std::string_view item) {
  if (stands_for_nothing(item) || item.find('\0') != std::string_view::npos) fail_item(item);
  sampling_ = report_.rows++ == 0;
  if (sampling_) first_item_ = item;
  row_has_one_ = false;
  item_ = items_.find(item).value_or(-1);
  if (item_ >= 0) {
    const bool again = seen_[static_cast<size_t>(item_)];
    seen_[static_cast<size_t>(item_)] = true;
    return !again;
  }
  ++report_.unknown_rows;
  const bool shown =
      std::find(first_unknown_.begin(), first_unknown_.end(), item) != first_unknown_.end();
  if (first_unknown_.size() < kShownIds && !shown) first_unknown_.emplace_back(item);
  return true;
}

void AttributeCollector::add(std::string_view field) {
  has_fields_ = true;
  if (separator_.empty()) return add_listed(field);
  for (;;) {
    const size_t at = field.find(separator_);
    add_listed(trimmed(field.substr(0, at)));
    if (at == std::string_view::npos) return;
    met_separator_ = true;
    field.remove_prefix(at + separator_.size());
  }
}

void AttributeCollector::add_listed(std::string_view attribute) {
  if (stands_for_nothing(attribute)) return;
  if (attribute.find('\0') != std::string_view::npos) {
    fail_data("{}: the attribute has a zero byte in it: \"{}\"", place_(), excerpt(attribute));
  }
  row_has_one_ = true;
  if (sampling_ && first_attributes_.size() < kShownAttributes) {
    first_attributes_.emplace_back(attribute);
  }
  // Those of other items are not numbered: a file may describe a far larger catalogue.
  if (item_ >= 0) rows_[static_cast<size_t>(item_)].push_back(ids_.intern(attribute));
}

void AttributeCollector::end() {
  report_.empty_rows += item_ >= 0 && !row_has_one_ ? 1 : 0;
}

void AttributeCollector::check_common(bool has_columns) const {
  check_data(report_.rows > 0, "{}: there are no items in the file, want items with attributes",
             path_);
  if (report_.unknown_rows < report_.rows) return;
  std::vector<std::string> items;
  for (int64_t item = 0; item < std::min<int64_t>(items_.size, kShownIds); ++item) {
    items.emplace_back(items_.raw(item));
  }
  fail_data(
      "{}: none of its {} rows names an item of the dataset: its first items are {}, those of the "
      "dataset {}; items are matched by raw id{}",
      path_, report_.rows, shown_names(first_unknown_), shown_names(items),
      has_columns ? "; --attribute-item-column names another column of items" : "");
}

/// Fields that look like several attributes are taken whole unless an option says what cuts them.
void AttributeCollector::warn_of_uncut(const IdTable& ids) {
  std::vector<std::string>& warnings = report_.source.warnings;
  if (chosen_separator_ && !met_separator_) {
    warnings.push_back(
        fmt::format("{}: no field holds the separator \"{}\" of --attribute-separator: every one "
                    "was taken for one attribute",
                    path_, excerpt(separator_)));
  }
  if (!separator_.empty() || !has_fields_) return;
  for (const char* mark : {"|", ";", ","}) {
    int64_t count = 0;
    std::string first;
    for (int64_t id = 0; id < ids.size(); ++id) {
      if (ids.raw(id).find(mark) == std::string_view::npos) continue;
      if (count++ == 0) first = ids.raw(id);
    }
    if (count * 5 < ids.size() || count == 0) continue;
    warnings.push_back(
        fmt::format("{}: {} of {} attributes hold a \"{}\", such as \"{}\": each is taken whole; "
                    "--attribute-separator {} takes several from a field",
                    path_, count, ids.size(), mark, excerpt(first), shell_word(mark)));
    return;
  }
}

ItemAttributes AttributeCollector::finish(const std::string& format) {
  check_common(format != "s3rec");
  check_data(ids_.size() > 0,
             "{}: no item of the dataset has an attribute: all its {} rows are "
             "empty there; --attribute-column names another column of attributes",
             path_, report_.rows - report_.unknown_rows);
  ItemAttributes result;
  std::vector<int32_t> numbers(static_cast<size_t>(ids_.size()), -1);
  int64_t no_utf8 = 0;
  for (std::vector<int32_t>& row : rows_) {
    for (int32_t& id : row) {
      if (numbers[id] < 0) {
        numbers[id] = result.ids.intern(ids_.raw(id));
        no_utf8 += is_utf8(ids_.raw(id)) ? 0 : 1;
      }
      id = numbers[id];
    }
    result.rows.add_row(row);
  }
  if (no_utf8 > 0) {
    account().warnings.push_back(fmt::format(
        "{}: {} attributes are no UTF-8: they keep their bytes, which other programs may not show",
        path_, no_utf8));
  }
  warn_of_uncut(result.ids);
  for (TakenColumn& column : account().columns) {
    column.sample = column.role == "item" ? first_item_ : joined(first_attributes_);
  }
  report_.format = format;
  report_.counts = count_attributes(result.rows, result.ids.size());
  if (report_.counts.items_with * 2 < items_.size) {
    account().warnings.push_back(
        fmt::format("{}: only {} of {} items of the dataset have attributes; do the ids agree?",
                    path_, report_.counts.items_with, items_.size));
  }
  result.report = std::move(report_);
  return result;
}

}  // namespace truenext
