// SPDX-License-Identifier: Apache-2.0
#include "data/attribute_columns.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/shell_text.h"
#include "base/terminal_text.h"
#include "data/readers/column_names.h"

namespace truenext {
namespace {

struct Wanted {
  ColumnRole role;
  const char* word;
  const char* option;
  const std::optional<std::string>& chosen;
};

/// In tables of items "id" means the item, unless another column says so better.
std::optional<int> place_of(ColumnRole role, const std::string& name) {
  constexpr int kLast = 1 << 20;
  if (role == ColumnRole::item && (name == "id" || name == "ID" || name == "Id")) return kLast;
  return place_of_name(role, name);
}

std::vector<int> fitting(const std::vector<std::string>& names, ColumnRole role) {
  std::vector<std::pair<int, int>> fits;
  for (size_t i = 0; i < names.size(); ++i) {
    if (const auto place = place_of(role, names[i])) fits.emplace_back(*place, static_cast<int>(i));
  }
  std::sort(fits.begin(), fits.end());
  std::vector<int> columns;
  for (const auto& [place, column] : fits) columns.push_back(column);
  return columns;
}

/// What a message says of the table.
std::string listed_columns(const SourceTable& table) {
  const std::string row = table.first_row();
  return row.empty() ? "the columns are " + shown_names(table.names)
                     : "the columns of the first row are " + row;
}

int chosen_column(const SourceTable& table, const Wanted& wanted) {
  const auto at = std::find(table.names.begin(), table.names.end(), *wanted.chosen);
  check_data(at != table.names.end(), "{}: there is no column \"{}\" ({}); {}", table.where,
             excerpt(*wanted.chosen), wanted.option, listed_columns(table));
  return static_cast<int>(at - table.names.begin());
}

int named_column(const SourceTable& table, const Wanted& wanted, int taken,
                 SourceAccount& account) {
  std::vector<int> fits = fitting(table.names, wanted.role);
  std::erase(fits, taken);
  check_data(!fits.empty(), "{}: no column is known for the {}; {}; name it with {}", table.where,
             wanted.word, listed_columns(table), wanted.option);
  std::vector<std::string> others;
  for (size_t i = 1; i < fits.size(); ++i) others.push_back(table.names[fits[i]]);
  if (!others.empty()) {
    account.also_fits.push_back(fmt::format("{}: {} ({} {})", wanted.word, shown_names(others),
                                            wanted.option, shell_word(others[0])));
    account.warnings.push_back(fmt::format(
        "{}: several columns fit the {}: \"{}\" is taken, {} would fit too; {} {} takes {} instead",
        table.where, wanted.word, excerpt(table.names[fits[0]]), shown_names(others), wanted.option,
        shell_word(others[0]), others.size() > 1 ? "that" : "it"));
  }
  return fits[0];
}

}  // namespace

bool names_an_item(const std::vector<std::string>& names) {
  return !fitting(names, ColumnRole::item).empty();
}

bool names_an_attribute(const std::vector<std::string>& names) {
  return !fitting(names, ColumnRole::attribute).empty();
}

AttributePlaces find_attribute_columns(const SourceTable& table, const AttributeOptions& options,
                                       SourceAccount& account) {
  const Wanted item{ColumnRole::item, "item", "--attribute-item-column", options.item_column};
  const Wanted attribute{ColumnRole::attribute, "attribute", "--attribute-column",
                         options.attribute_column};
  AttributePlaces places;
  if (item.chosen) places.item = chosen_column(table, item);
  if (attribute.chosen) places.attribute = chosen_column(table, attribute);
  if (!item.chosen) places.item = named_column(table, item, places.attribute, account);
  if (!attribute.chosen) places.attribute = named_column(table, attribute, places.item, account);
  check_data(places.item != places.attribute,
             "{}: the column \"{}\" is named for the item and for the attribute; {}", table.where,
             excerpt(table.names[places.item]), listed_columns(table));
  for (int column = 0; column < static_cast<int>(table.names.size()); ++column) {
    const std::string& name = table.names[column];
    const bool used = column == places.item || column == places.attribute;
    if (!used) account.unused.push_back(table.shown_name(column));
    check_data(!used || std::count(table.names.begin(), table.names.end(), name) == 1,
               "{}: two columns are called \"{}\"; rename one of them", table.where, excerpt(name));
  }
  account.columns.push_back({"item", table.shown_name(places.item), ""});
  account.columns.push_back({"attribute", table.shown_name(places.attribute), ""});
  return places;
}

}  // namespace truenext
