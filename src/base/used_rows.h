// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace truenext {

/// Rows of a table that are in use, numbered 0, 1, ... in ascending order. Takes a bit and a half
/// for every row of the table and 4 bytes for each in use; made in time proportional to the ids,
/// and a number is found without searching.
class UsedRows {
 public:
  UsedRows() = default;
  /// `ids` below `num_rows`, in any order, repeats allowed.
  UsedRows(std::span<const int32_t> ids, int64_t num_rows);

  int64_t size() const { return static_cast<int64_t>(rows_.size()); }
  /// Ascending, distinct.
  const std::vector<int32_t>& rows() const { return rows_; }
  std::vector<int32_t> take_rows() { return std::move(rows_); }
  /// Number of a row that is in use.
  int32_t place(int32_t row) const;

 private:
  std::vector<uint64_t> used_;   ///< a bit for every row
  std::vector<int32_t> before_;  ///< rows in use before each word
  std::vector<int32_t> rows_;
};

/// The distinct `ids` in ascending order; each id is replaced by its place among them.
std::vector<int32_t> number_used_rows(std::span<int32_t> ids, int64_t num_rows);

}  // namespace truenext
