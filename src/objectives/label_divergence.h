// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "objectives/labels.h"

namespace truenext {

/// KL(q || p) of the model's softmax q from soft labels p, sum_i q_i (ln q_i - ln p_i), for a block
/// of queries whose rows are shown in pieces (CSRec's training-level teacher, csrec.md 1.6). With
/// the costs v_i = s_i - ln p_i it is V - ln sum_i e^{s_i} for V = sum_i q_i v_i, and its gradient
/// by s_i is q_i (v_i - V).
template <typename T>
class LabelDivergence {
 public:
  LabelDivergence(const TileLabels& labels, int64_t begin, int64_t end, int64_t dim);

  /// The scores [end - begin, count] of items from `first` on, before they become exponentials.
  void take(int64_t first, int64_t count, const T* scores);
  /// A larger score was met: what was added for a query of the block counts `smaller` times.
  void rescale(int64_t row, double smaller);
  /// The exponentials of what was taken; `table` are those items' rows.
  void add(int64_t count, const T* exponentials, const T* table);

  /// sum_i e_i v_i and sum_i e_i v_i table[i] of a query of the block.
  double cost(int64_t row) const { return costs_[static_cast<size_t>(row)]; }
  const T* cost_vector(int64_t row) const { return vectors_.data() + row * dim_; }

 private:
  const TileLabels& labels_;
  int64_t begin_, end_, dim_;
  std::vector<float> piece_;
  AlignedVector<T> values_, vectors_;
  std::vector<double> costs_;
};

/// The cost of an item: s - ln p, with p at least 1e-30.
template <typename T>
T label_cost(T score, float probability);

extern template class LabelDivergence<float>;
extern template class LabelDivergence<double>;

}  // namespace truenext
