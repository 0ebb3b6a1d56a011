// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "batch/batch.h"
#include "objectives/criterion.h"

namespace truenext {

/// Loss of several tiles over the whole catalogue, in two phases whose units workers share
/// (decision 0018): rows of scores, with the gradients of states, by blocks of queries; then the
/// table's gradient by ranges of items, each row of which one worker writes. A tile by itself would
/// make a gradient as large as the table, to be added to the others'. Gradients of the table are
/// added over tiles along the tree of TreeReducer, so that processes that have some of a batch's
/// tiles get the same bits.
template <typename T>
class CatalogueLoss {
 public:
  /// A tile's part, borrowed. States and their gradient are [tokens, dim] or, `by_query`, [queries,
  /// dim].
  struct Part {
    const Tile* tile = nullptr;
    bool by_query = false;
    const T* states = nullptr;
    T* state_grad = nullptr;  ///< zeros
    double loss = 0;
  };

  /// `table` [num_items, dim]. Rows of scores of all parts are kept in `scores`, which grows.
  CatalogueLoss(const Criterion& criterion, std::span<const T> table, int64_t dim, int64_t divisor,
                std::span<Part> parts, AlignedVector<T>& scores);

  /// Whether rows of this catalogue are short enough to be kept, and the table is so large that
  /// this is worth while.
  static bool pays(int64_t num_items, int64_t dim);
  /// Queries whose rows of scores may be kept at once.
  static int64_t most_queries(int64_t num_items);

  /// Units of the first phase, in any order, by any thread; then collect_losses().
  int64_t row_units() const { return static_cast<int64_t>(blocks_.size()); }
  void run_rows(int64_t unit);
  void collect_losses();
  /// Units of the second phase: adds to rows of `table_grad` [num_items, dim] that no other unit
  /// touches.
  int64_t item_units() const;
  void run_items(int64_t unit, T* table_grad) const;

 private:
  /// Queries begin .. end - 1 of a part.
  struct Block {
    int64_t part, begin, end;
    double loss = 0;
  };

  void add_up(int64_t first_part, int64_t last_part, int64_t begin, int64_t items, T* sum,
              T* room) const;

  const Criterion& criterion_;
  std::span<const T> table_;
  int64_t dim_, num_items_;
  double share_;
  std::span<Part> parts_;
  std::vector<Block> blocks_;
  std::vector<T*> rows_;     ///< by part: its rows of scores, later their gradients
  std::vector<T*> queries_;  ///< by part: states of its queries, [queries, dim]
  AlignedVector<T> gathered_;
};

extern template class CatalogueLoss<float>;
extern template class CatalogueLoss<double>;

}  // namespace truenext
