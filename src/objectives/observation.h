// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "objectives/catalogue_loss.h"

namespace truenext {

/// What is learned about how an item y comes to be observed when i was meant (csrec.md 1.6, P(y|i),
/// independent of the history): the affinities h_{y,i} = <observed_y, meant_i>. Borrowed.
template <typename T>
struct ObservationTables {
  static constexpr int64_t kWidth = 64;
  const T* observed = nullptr;  ///< [items, kWidth]
  const T* meant = nullptr;     ///< [items, kWidth]
  const T* largest = nullptr;   ///< [items]: the largest h_{k,i} over the targets k seen so far
  /// [items]: the target of this batch whose h is `largest`, through which the gradient of that
  /// flows; -1 where it is an earlier batch's.
  std::span<const int32_t> owners;
  int64_t items = 0;
};

/// Gradients of those tables, in the same shapes.
template <typename T>
struct ObservationGradients {
  explicit ObservationGradients(int64_t items)
      : observed(static_cast<size_t>(items * ObservationTables<T>::kWidth), T(0)),
        meant(observed.size(), T(0)),
        largest(static_cast<size_t>(items), T(0)) {}
  AlignedVector<T> observed, meant, largest;
};

/// Items first .. last - 1: raises `largest` to what `targets`, distinct and ascending, have, and
/// says whose it is; -1 where none of them is above what was there.
template <typename T>
void raise_largest(const ObservationTables<T>& tables, std::span<const int32_t> targets,
                   int64_t first, int64_t last, T* largest, int32_t* owners);

/// The observation term of CSRec's training-level teacher over the queries of a CatalogueLoss,
///   weight / divisor * sum_b sum_i q_i [-ln sigmoid(h_{y_b,i}) + largest_i + ln items],
/// q the model's softmax and y_b the one target of query b. It is added once the loss's rows are
/// done, in the same two phases and with the same independence of workers.
template <typename T>
class ObservationTerm {
 public:
  ObservationTerm(CatalogueLoss<T>& loss, const ObservationTables<T>& tables, double weight);

  /// Units of the first phase, in any order, by any thread: gradients of states. Then collect(),
  /// which adds to the parts' losses and to gradients.observed in the order of the queries.
  int64_t row_units() const { return static_cast<int64_t>(blocks_.size()); }
  void run_rows(int64_t unit);
  void collect(ObservationGradients<T>& gradients);
  /// Units of the second phase: adds to rows of `table_grad` [items, dim] and of gradients.meant
  /// and .largest that no other unit touches.
  int64_t item_units() const;
  void run_items(int64_t unit, T* table_grad, ObservationGradients<T>& gradients) const;

 private:
  struct Block {
    int64_t part, begin, end;
    double loss = 0;
  };
  int64_t first_row(const Block& block) const { return first_rows_[block.part] + block.begin; }
  /// Of items first .. first + count - 1: the probabilities q, the bracket of the formula and
  /// sigmoid(-h), each [queries of the block, count].
  void pieces(const Block& block, int64_t first, int64_t count, T* chances, T* costs,
              T* slopes) const;
  /// weight / divisor times the weight of the query's target.
  double factor(const Block& block, int64_t query) const;
  void finish(Block& block, const T* plain, const T* weighted, const T* slopes);

  CatalogueLoss<T>& loss_;
  ObservationTables<T> tables_;
  double weight_;
  int64_t dim_;
  std::vector<Block> blocks_;
  std::vector<int64_t> first_rows_;  ///< by part, among all queries
  std::vector<int32_t> targets_;     ///< by query
  AlignedVector<T> rows_;            ///< of `observed`, by query
  AlignedVector<T> row_grads_;       ///< of the same
  std::vector<double> means_;        ///< by query: sum_i q_i [...]
};

/// Once the gradients of a batch are summed: that of `largest` goes to the affinity that it is.
template <typename T>
void hand_back_largest(const ObservationTables<T>& tables, ObservationGradients<T>& gradients);

extern template class ObservationTerm<float>;
extern template class ObservationTerm<double>;

}  // namespace truenext
