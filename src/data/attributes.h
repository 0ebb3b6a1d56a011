// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/jagged.h"
#include "data/id_table.h"
#include "data/source_account.h"

namespace truenext {

/// What is said of a file of attributes.
struct AttributeOptions {
  /// Names of its columns or keys. Left alone, the usual names are looked for (item, movieId, ...;
  /// attribute, genres, categories, tag, ...).
  std::optional<std::string> item_column, attribute_column;
  std::string columns;    ///< names for a table without header, comma-separated; "-" skips one
  std::string separator;  ///< between the attributes in one field; empty: a field is one attribute
  bool keep_missing_words = false;  ///< NaN, NULL, ... are attributes and items like any others
};

/// The items that attributes are for: raw ids both ways, numbered from 0.
struct ItemLookup {
  int64_t size = 0;
  std::function<std::string_view(int64_t)> raw;
  std::function<std::optional<int32_t>(std::string_view)> find;
};

/// How many there are. Repeats are entries equal to an earlier one of the same item.
struct AttributeCounts {
  int64_t items_with = 0, entries = 0, repeats = 0;
  int64_t most = 0;  ///< entries of the item that has the most
};
AttributeCounts count_attributes(JaggedView<int32_t> rows, int64_t num_attributes);

/// What was taken of a file of attributes. A row is a line, or a key of S3-Rec's object.
struct AttributeReport {
  std::string format;  ///< s3rec, jsonl, csv, tsv or table; empty when no attributes were given
  SourceAccount source;
  int64_t rows = 0;
  int64_t unknown_rows = 0;  ///< rows that name no item of the dataset
  int64_t empty_rows = 0;    ///< rows of items of the dataset that hold no attribute
  AttributeCounts counts;
};
/// Null when no attributes were given.
nlohmann::ordered_json attribute_json(const AttributeReport& report, int64_t num_items);

/// Attributes of items: a row of attribute ids per item, and the raw ids of the attributes.
/// Attributes are numbered as they first occur when the items are gone through in their order; the
/// order and the repeats inside an item are those of the file.
struct ItemAttributes {
  Jagged<int32_t> rows;
  IdTable ids;
  AttributeReport report;
};

/// Reads S3-Rec's object {"item": [attribute, ...], ...}, JSON lines, or a table with one item and
/// one field of attributes a line (docs/data-formats.md), .gz and .zst unpacked. Items are matched
/// by raw id. Items without a row get an empty one. Data Error with file:line where a line cannot
/// be read, where columns cannot be told, and when no row names an item or none holds an attribute.
ItemAttributes read_attributes(const std::string& path, const AttributeOptions& options,
                               const ItemLookup& items);

/// Writes the files of a dataset folder that hold attributes; its items.ids must be there. Returns
/// attribute_fingerprint() of them.
std::string write_attributes(const ItemAttributes& attributes, const std::filesystem::path& folder);

}  // namespace truenext
