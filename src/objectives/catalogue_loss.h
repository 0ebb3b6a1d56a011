// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "batch/batch.h"
#include "objectives/criterion.h"
#include "objectives/label_divergence.h"
#include "objectives/label_means.h"
#include "objectives/labels.h"
#include "objectives/objective_input.h"

namespace truenext {

/// Loss of several tiles over the whole catalogue, in two phases whose units workers share
/// (decision 0018): losses and gradients of states by blocks of queries; then the table's gradient
/// by ranges of items, each row of which one worker writes. A tile by itself would make a gradient
/// as large as the table, to be added to the others'. Scores are made in both phases, each time for
/// as many queries and items as stay in cache, and never kept. Gradients of the table are added
/// over tiles along the tree of TreeReducer, so that processes that have some of a batch's tiles
/// get the same bits.
template <typename T>
class CatalogueLoss {
 public:
  /// A tile's part, borrowed. States and their gradient are [tokens, dim] or, `by_query`, [queries,
  /// dim].
  struct Part {
    const Tile* tile = nullptr;
    bool by_query = false;
    const T* states = nullptr;
    T* state_grad = nullptr;             ///< zeros
    const TileLabels* labels = nullptr;  ///< soft labels of its queries, where there are any
    double loss = 0;
  };

  /// `table` [num_items, dim]. The criterion's rows may be shown in pieces. With soft
  /// labels the criterion is a softmax.
  CatalogueLoss(const Criterion& criterion, std::span<const T> table, int64_t dim, int64_t divisor,
                std::span<Part> parts, LabelUse use = {}, double temperature = 1);

  /// Whether the table is so large that this is worth while.
  static bool pays(int64_t num_items, int64_t dim);
  /// Queries of the tiles that are taken together: their activations wait for the loss.
  static constexpr int64_t kMostQueries = 4096;

  /// Units of the first phase, in any order, by any thread; then collect_losses().
  int64_t row_units() const { return static_cast<int64_t>(blocks_.size()); }
  void run_rows(int64_t unit);
  void collect_losses();
  /// Units of the second phase: adds to rows of `table_grad` [num_items, dim] that no other unit
  /// touches.
  int64_t item_units() const;
  void run_items(int64_t unit, T* table_grad) const;

  // For a further term over the same rows of scores, whose softmax row() gives once run_rows() is
  // through.
  std::span<Part> parts() const { return parts_; }
  std::span<const T> table() const { return table_; }
  int64_t dim() const { return dim_; }
  double share() const { return share_; }  ///< 1 / divisor
  /// States of a part's queries, [queries, dim], divided by the temperature.
  const T* states(int64_t part) const { return queries_[static_cast<size_t>(part)]; }
  const WholeRow& row(int64_t part, int64_t query) const {
    return rows_[static_cast<size_t>(part)][static_cast<size_t>(query)];
  }
  /// Adds gradients [end - begin, dim] by what states() gives of the queries begin .. end - 1.
  void add_to_states(int64_t part, int64_t begin, int64_t end, const T* grads) const;

 private:
  /// Queries begin .. end - 1 of a part.
  struct Block {
    int64_t part, begin, end;
    double loss = 0;
  };
  /// Items first .. first + count - 1.
  struct Range {
    int64_t first, count;
  };

  int64_t queries_of(int64_t part) const { return parts_[part].tile->targets.size(); }
  ObjectiveInput<T> input_of(const Part& part) const;
  void score(const Block& block, Range range, T* scores) const;
  /// One query's scores of a range become gradients; returns their share of the loss.
  double apply(int64_t part, int64_t query, Range range, T* scores) const;
  /// The same where the sums over a row are not known yet: the gradients of states [queries, dim]
  /// are sums of e^(score - top) and are made smaller when a larger score is met.
  void survey(const Block& block, Range range, T* scores, T* grads, LabelDivergence<T>* divergence);
  double finish(const Block& block, T* grads) const;
  /// What soft labels add to finish(), and take from the scores' gradients of a range.
  double finish_labels(const Block& block, T* grads) const;
  void apply_labels(const Block& block, Range range, T* scores) const;
  /// The same of KL(model || label): before finish(), and with a copy of the scores themselves.
  double start_divergence(const Block& block, const LabelDivergence<T>& divergence, T* grads);
  void apply_divergence(const Block& block, Range range, std::span<T> raw, T* scores) const;
  double label_share_of(int64_t part, int64_t query) const;
  /// That share of the weight of the positives together.
  double label_weight(int64_t part, int64_t query) const;
  void add_up(int64_t first_part, int64_t last_part, Range range, T* sum, T* room) const;
  void add_part(int64_t part, Range range, T* sum) const;

  const Criterion& criterion_;
  std::span<const T> table_;
  int64_t dim_, num_items_;
  double share_;
  LabelUse use_;
  double temperature_;
  std::span<Part> parts_;
  std::vector<Block> blocks_;
  /// By part and query; weights are those of positives and label together.
  std::vector<std::vector<WholeRow>> rows_;
  std::vector<std::vector<double>> costs_;  ///< V of LabelDivergence, by part and query
  std::vector<T*> queries_;                 ///< by part: states of its queries, [queries, dim]
  AlignedVector<T> gathered_;
  std::optional<LabelMeans<T>> means_;  ///< with soft labels
};

extern template class CatalogueLoss<float>;
extern template class CatalogueLoss<double>;

}  // namespace truenext
