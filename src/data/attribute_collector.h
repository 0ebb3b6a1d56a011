// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/attributes.h"
#include "data/id_table.h"

namespace truenext {

/// Gathers the rows of a file of attributes by item, whatever their format.
class AttributeCollector {
 public:
  /// `items` must outlive it; `path` begins the messages about the whole file.
  AttributeCollector(std::string path, const AttributeOptions& options, const ItemLookup& items);

  /// What says where the row at hand stands, "file:line". Asked for messages only: it may be slow.
  void set_place(std::function<std::string()> place) { place_ = std::move(place); }
  std::string where() const { return place_(); }
  /// What cuts fields, where no option says so but the format does.
  void set_separator(std::string separator) { separator_ = std::move(separator); }

  /// A row of the file. False when the item had one before. Data Error when `item` is no id.
  bool begin(std::string_view item);
  /// A field of the row: an attribute, or several apart by the separator. Empty ones and words for
  /// missing values are none.
  void add(std::string_view field);
  /// An attribute of a list, which is not cut.
  void add_listed(std::string_view attribute);
  void end();

  SourceAccount& account() { return report_.source; }
  /// Data Error when no row names an item of the dataset, or when there are no attributes.
  ItemAttributes finish(const std::string& format);

 private:
  bool stands_for_nothing(std::string_view text) const;
  [[noreturn]] void fail_item(std::string_view item) const;
  void check_common(bool has_columns) const;
  void warn_of_uncut(const IdTable& ids);

  std::string path_, separator_;
  bool chosen_separator_ = false, keep_missing_words_ = false, met_separator_ = false;
  bool has_fields_ = false;  ///< besides lists
  const ItemLookup& items_;
  std::function<std::string()> place_;
  std::vector<std::vector<int32_t>> rows_;  ///< by item, numbered as in ids_
  std::vector<bool> seen_;
  IdTable ids_;  ///< in the order of the file
  std::vector<std::string> first_unknown_;
  std::string first_item_;
  std::vector<std::string> first_attributes_;
  int32_t item_ = -1;  ///< of the row at hand; -1 = none of the dataset
  bool sampling_ = false, row_has_one_ = false;
  AttributeReport report_;
};

}  // namespace truenext
