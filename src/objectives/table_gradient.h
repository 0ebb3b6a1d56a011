// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"

namespace truenext {

/// Gradient of a table [num_rows, dim] of which a tile touches some rows: either every row or a
/// sorted list of rows. Small tables become dense quickly, a million-item table stays sparse.
template <typename T>
class TableGradient {
 public:
  TableGradient() = default;
  TableGradient(int64_t num_rows, int64_t dim) : TableGradient(num_rows, dim, num_rows) {}
  /// Of `num_rows` that were picked out of a table of `table_rows`. How a tile's additions are
  /// grouped depends on the share of the table it touches: the same bits from the picked rows.
  TableGradient(int64_t num_rows, int64_t dim, int64_t table_rows)
      : num_rows_(num_rows), dim_(dim), table_rows_(table_rows) {}

  int64_t num_rows() const { return num_rows_; }
  int64_t dim() const { return dim_; }
  int64_t table_rows() const { return table_rows_; }
  bool dense() const { return dense_; }
  bool empty() const { return values_.empty(); }
  /// Sorted touched rows; meaningless when dense.
  std::span<const int32_t> rows() const { return rows_; }
  /// [num_rows, dim] when dense, else [rows().size(), dim].
  std::span<const T> values() const { return values_; }
  std::span<T> values() { return values_; }

  /// Zeroed [num_rows, dim] to add to.
  std::span<T> make_dense();
  /// Takes sorted distinct rows and their values [rows.size(), dim].
  void set_rows(std::vector<int32_t> rows, AlignedVector<T> values);
  /// Adds values[i] to row ids[i] (ids in any order, repeats allowed, summed in the order given).
  void add_rows(std::span<const int32_t> ids, const T* values);
  /// this += other, whose memory is used again where it can be. The sum of two gradients does not
  /// depend on how either is stored.
  void add(TableGradient other);

 private:
  void add_to_dense(const TableGradient& other);
  void merge(const TableGradient& other);

  int64_t num_rows_ = 0;
  int64_t dim_ = 0;
  int64_t table_rows_ = 0;
  bool dense_ = false;
  std::vector<int32_t> rows_;
  AlignedVector<T> values_;
};

/// Touching more than one row in four is cheaper to store densely.
inline bool worth_dense(int64_t touched, int64_t num_rows) {
  return touched * 4 >= num_rows;
}

extern template class TableGradient<float>;
extern template class TableGradient<double>;

}  // namespace truenext
