// SPDX-License-Identifier: Apache-2.0
#include "data/readers/arrow_rows.h"

#include <algorithm>

#include "data/readers/missing_words.h"

namespace truenext {
namespace {

constexpr int64_t kRows = 20;
constexpr size_t kLongest = size_t{4} << 10;

}  // namespace

void bind_column(const ArrowBatches& batches, int64_t at, ArrowColumn& column) {
  column.bind(batches.column(at), batches.first(), batches.rows(), batches.first_row());
}

std::vector<std::vector<std::string>> first_rows_of(const ArrowBatches& batches,
                                                    std::vector<ArrowColumn>& columns,
                                                    bool has_batch) {
  std::vector<std::vector<std::string>> rows;
  if (!has_batch) return rows;
  for (size_t at = 0; at < columns.size(); ++at) {
    if (columns[at].is_read()) bind_column(batches, static_cast<int64_t>(at), columns[at]);
  }
  ArrowCell cell;
  for (int64_t row = 0; row < std::min(kRows, batches.rows()); ++row) {
    if (batches.row_is_null(row)) continue;
    std::vector<std::string>& texts = rows.emplace_back();
    for (ArrowColumn& column : columns) {
      std::string& text = texts.emplace_back();
      if (!column.is_read()) continue;
      column.read(row, cell);
      const std::string written = cell.written(column.type());
      text = trimmed(written).substr(0, kLongest);
    }
  }
  return rows;
}

}  // namespace truenext
