// SPDX-License-Identifier: Apache-2.0
#include "objectives/label_means.h"

#include <algorithm>

#include "kernels/overloads.h"
#include "kernels/scratch.h"

namespace truenext {
namespace {

constexpr int64_t kItemsAtOnce = 256;

}  // namespace

template <typename T>
LabelMeans<T>::LabelMeans(std::span<const T> table, int64_t dim, bool stored)
    : table_(table), dim_(dim), num_items_(static_cast<int64_t>(table.size()) / dim) {
  if (!stored) return;
  all_.resize(static_cast<size_t>(dim));
  for (int64_t item = 0; item < num_items_; ++item) {
    const T* row = table.data() + item * dim;
    for (int64_t c = 0; c < dim; ++c) all_[c] += static_cast<double>(row[c]);
  }
}

template <typename T>
void LabelMeans<T>::of(const TileLabels& labels, int64_t begin, int64_t end, T* means) const {
  if (!labels.is_stored()) {
    of_blocks(labels, begin, end, means);
    return;
  }
  for (int64_t q = begin; q < end; ++q) of_stored(labels.stored(q), means + (q - begin) * dim_);
}

// sum_i p_i e_i = rest * sum of all + sum over stored items of (p_i - rest) e_i.
template <typename T>
void LabelMeans<T>::of_stored(const StoredLabel& label, T* mean) const {
  for (int64_t c = 0; c < dim_; ++c) mean[c] = static_cast<T>(label.rest * all_[c]);
  for (size_t i = 0; i < label.items.size(); ++i) {
    kernels::axpy(dim_, static_cast<T>(label.probabilities[i] - label.rest),
                  table_.data() + label.items[i] * dim_, mean);
  }
}

template <typename T>
void LabelMeans<T>::of_blocks(const TileLabels& labels, int64_t begin, int64_t end,
                              T* means) const {
  const int64_t rows = end - begin;
  std::vector<float> piece(static_cast<size_t>(rows * kItemsAtOnce));
  std::vector<T> numbers(piece.size());
  std::fill_n(means, rows * dim_, T(0));
  for (int64_t first = 0; first < num_items_; first += kItemsAtOnce) {
    const int64_t count = std::min(kItemsAtOnce, num_items_ - first);
    labels.probabilities(begin, end, first, count, piece.data());
    std::copy_n(piece.begin(), rows * count, numbers.begin());
    kernels::gemm_nn(rows, dim_, count, numbers.data(), count, table_.data() + first * dim_, dim_,
                     means, dim_, true);
  }
}

template class LabelMeans<float>;
template class LabelMeans<double>;

}  // namespace truenext
