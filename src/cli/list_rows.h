// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/words.h"

namespace truenext {
namespace cli {

/// Files of lists: one row for each item of each list.
enum class ListFormat { csv, tsv, jsonl };

}  // namespace cli

template <>
struct Words<cli::ListFormat> {
  static constexpr std::array names = {"csv", "tsv", "jsonl"};
};

namespace cli {

/// The format that the name of a file asks for. Usage Error when it ends in none of the words.
ListFormat list_format_of(const std::string& path);

struct ListRow {
  int64_t rank = 0;  ///< from 1
  std::string_view item, title;
  float score = 0;
  std::optional<double> probability;
};

/// How a row is written: CSV quotes as RFC 4180 does, TSV writes \t, \n, \r and \\ inside texts,
/// JSON writes ids that are no UTF-8 as id_json() does, so that every id can be had back.
class ListRows {
 public:
  struct Columns {
    std::string key = "user", item = "item";
    bool probability = false, title = false;
    std::string method{};  ///< a last column with this in every row; empty = none
  };
  ListRows(ListFormat format, Columns columns);

  /// The first line, empty for JSON.
  std::string header() const;
  /// The key of a list, written once for all of its rows.
  std::string key(std::string_view raw) const;
  void append(const std::string& key, const ListRow& row, std::string* to) const;

 private:
  void append_id(std::string_view raw, std::string* to) const;
  void append_text(std::string_view raw, std::string* to) const;

  ListFormat format_;
  Columns columns_;
};

/// Where lists go: a file that appears when it is complete, or standard output for "" and "-".
class ListSink {
 public:
  explicit ListSink(const std::string& out);
  void write(std::string_view text);
  void commit();

 private:
  std::unique_ptr<AtomicFile> file_;
};

}  // namespace cli
}  // namespace truenext
