// SPDX-License-Identifier: Apache-2.0
#include "objectives/label_divergence.h"

#include <algorithm>
#include <cmath>

#include "kernels/overloads.h"

namespace truenext {

template <typename T>
T label_cost(T score, float probability) {
  return score - static_cast<T>(std::log(std::max(probability, 1e-30f)));
}

template <typename T>
LabelDivergence<T>::LabelDivergence(const TileLabels& labels, int64_t begin, int64_t end,
                                    int64_t dim)
    : labels_(labels), begin_(begin), end_(end), dim_(dim) {
  vectors_.assign(static_cast<size_t>((end - begin) * dim), T(0));
  costs_.assign(static_cast<size_t>(end - begin), 0.0);
}

template <typename T>
void LabelDivergence<T>::take(int64_t first, int64_t count, const T* scores) {
  const auto size = static_cast<size_t>((end_ - begin_) * count);
  piece_.resize(size);
  values_.resize(size);
  labels_.probabilities(begin_, end_, first, count, piece_.data());
  for (size_t i = 0; i < size; ++i) values_[i] = label_cost(scores[i], piece_[i]);
}

template <typename T>
void LabelDivergence<T>::rescale(int64_t row, double smaller) {
  costs_[static_cast<size_t>(row)] *= smaller;
  kernels::scale(dim_, static_cast<T>(smaller), vectors_.data() + row * dim_);
}

template <typename T>
void LabelDivergence<T>::add(int64_t count, const T* exponentials, const T* table) {
  for (int64_t row = 0; row < end_ - begin_; ++row) {
    T* values = values_.data() + row * count;
    double cost = 0;
    for (int64_t i = 0; i < count; ++i) {
      values[i] *= exponentials[row * count + i];
      cost += static_cast<double>(values[i]);
    }
    costs_[static_cast<size_t>(row)] += cost;
  }
  kernels::gemm_nn(end_ - begin_, dim_, count, values_.data(), count, table, dim_, vectors_.data(),
                   dim_, true);
}

template class LabelDivergence<float>;
template class LabelDivergence<double>;
template float label_cost(float, float);
template double label_cost(double, float);

}  // namespace truenext
