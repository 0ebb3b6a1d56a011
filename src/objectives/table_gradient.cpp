// SPDX-License-Identifier: Apache-2.0
#include "objectives/table_gradient.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace truenext {
namespace {

template <typename T>
void add_row(const T* from, int64_t dim, T* to) {
  for (int64_t c = 0; c < dim; ++c) to[c] += from[c];
}

}  // namespace

template <typename T>
std::span<T> TableGradient<T>::make_dense() {
  if (dense_) return values_;
  AlignedVector<T> all(static_cast<size_t>(num_rows_ * dim_), T(0));
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::copy_n(values_.data() + i * dim_, dim_, all.data() + rows_[i] * dim_);
  }
  values_ = std::move(all);
  rows_.clear();
  dense_ = true;
  return values_;
}

template <typename T>
void TableGradient<T>::set_rows(std::vector<int32_t> rows, AlignedVector<T> values) {
  rows_ = std::move(rows);
  values_ = std::move(values);
  dense_ = false;
}

template <typename T>
void TableGradient<T>::add_rows(std::span<const int32_t> ids, const T* values) {
  if (dense_ || (empty() && worth_dense(static_cast<int64_t>(ids.size()), table_rows_))) {
    const std::span<T> all = make_dense();
    for (size_t i = 0; i < ids.size(); ++i) {
      add_row(values + i * dim_, dim_, all.data() + ids[i] * dim_);
    }
    return;
  }
  std::vector<uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return ids[a] < ids[b]; });
  TableGradient gathered(num_rows_, dim_, table_rows_);
  for (const uint32_t i : order) {
    const bool repeat = !gathered.rows_.empty() && gathered.rows_.back() == ids[i];
    if (!repeat) {
      gathered.rows_.push_back(ids[i]);
      gathered.values_.resize(gathered.values_.size() + static_cast<size_t>(dim_), T(0));
    }
    add_row(values + i * dim_, dim_, gathered.values_.data() + gathered.values_.size() - dim_);
  }
  add(std::move(gathered));
}

template <typename T>
void TableGradient<T>::add(TableGradient other) {
  if (other.empty()) return;
  if (empty()) {
    *this = std::move(other);
    return;
  }
  if (other.dense_ && !dense_) std::swap(*this, other);  // a + b and b + a have the same bits
  const int64_t touched = static_cast<int64_t>(rows_.size() + other.rows_.size());
  if (!dense_ && worth_dense(touched, table_rows_)) make_dense();
  if (dense_) {
    add_to_dense(other);
  } else {
    merge(other);
  }
}

template <typename T>
void TableGradient<T>::add_to_dense(const TableGradient& other) {
  if (other.dense_) {
    for (size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
    return;
  }
  for (size_t i = 0; i < other.rows_.size(); ++i) {
    add_row(other.values_.data() + i * dim_, dim_, values_.data() + other.rows_[i] * dim_);
  }
}

template <typename T>
void TableGradient<T>::merge(const TableGradient& other) {
  std::vector<int32_t> rows;
  rows.reserve(rows_.size() + other.rows_.size());
  std::set_union(rows_.begin(), rows_.end(), other.rows_.begin(), other.rows_.end(),
                 std::back_inserter(rows));
  AlignedVector<T> values;
  values.reserve(rows.size() * static_cast<size_t>(dim_));
  size_t a = 0, b = 0;
  for (const int32_t row : rows) {
    const bool left = a < rows_.size() && rows_[a] == row;
    const bool right = b < other.rows_.size() && other.rows_[b] == row;
    const T* from = left ? values_.data() + a * dim_ : other.values_.data() + b * dim_;
    values.insert(values.end(), from, from + dim_);
    if (left && right) {
      add_row(other.values_.data() + b * dim_, dim_, values.data() + values.size() - dim_);
    }
    a += left ? 1 : 0;
    b += right ? 1 : 0;
  }
  rows_ = std::move(rows);
  values_ = std::move(values);
}

template class TableGradient<float>;
template class TableGradient<double>;

}  // namespace truenext
