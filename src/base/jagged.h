// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace truenext {

/// A borrowed list of lists: row i is values[offsets[i] .. offsets[i + 1]).
template <typename T>
struct JaggedView {
  std::span<const T> values;
  std::span<const int64_t> offsets{};  ///< size() + 1 entries, the first need not be 0

  int64_t size() const { return offsets.empty() ? 0 : static_cast<int64_t>(offsets.size()) - 1; }
  int64_t row_size(int64_t row) const { return offsets[row + 1] - offsets[row]; }
  std::span<const T> row(int64_t row) const {
    return values.subspan(static_cast<size_t>(offsets[row]), static_cast<size_t>(row_size(row)));
  }
};

/// The only owner of a list of lists in the code base; there is no padding anywhere.
template <typename T>
struct Jagged {
  std::vector<T> values;
  std::vector<int64_t> offsets{0};

  int64_t size() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t row_size(int64_t row) const { return offsets[row + 1] - offsets[row]; }
  std::span<const T> row(int64_t row) const {
    return {values.data() + offsets[row], static_cast<size_t>(row_size(row))};
  }
  void add_row(std::span<const T> row) {
    values.insert(values.end(), row.begin(), row.end());
    offsets.push_back(static_cast<int64_t>(values.size()));
  }
  void clear() {
    values.clear();
    offsets.assign(1, 0);
  }
  operator JaggedView<T>() const { return {values, offsets}; }
};

}  // namespace truenext
