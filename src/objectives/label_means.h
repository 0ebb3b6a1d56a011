// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "objectives/labels.h"

namespace truenext {

/// Item vectors averaged by soft labels, e = sum_i p_i table[i]: what a label does to a softmax
/// loss but for the sum over all scores, since sum_i p_i <state, table[i]> = <state, e>.
template <typename T>
class LabelMeans {
 public:
  /// `table` [items, dim], borrowed. Where labels are stored its rows are added up once.
  LabelMeans(std::span<const T> table, int64_t dim, bool stored);

  /// means [end - begin, dim] of queries begin .. end - 1.
  void of(const TileLabels& labels, int64_t begin, int64_t end, T* means) const;

 private:
  void of_stored(const StoredLabel& label, T* mean) const;
  void of_blocks(const TileLabels& labels, int64_t begin, int64_t end, T* means) const;

  std::span<const T> table_;
  int64_t dim_, num_items_;
  std::vector<double> all_;  ///< sum of the table's rows
};

extern template class LabelMeans<float>;
extern template class LabelMeans<double>;

}  // namespace truenext
