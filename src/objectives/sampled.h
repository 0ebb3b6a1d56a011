// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "objectives/candidates.h"
#include "objectives/criterion.h"
#include "objectives/objective.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// What sampled candidates are worked with; lives as long as one call.
struct SampledContext {
  const ObjectiveOptions& options;
  const Criterion& criterion;
  const CandidateSampler& sampler;
  const TileLabels* labels = nullptr;  ///< stored ones, where targets have any
};

/// The row of a query for the criterion, its positives at these places and `items` its candidates:
/// with a soft label all of them have weights (docs/objectives.md). Lives until the next call by
/// the same thread.
template <typename T>
ScoreRow<T> target_row(const SampledContext& context, const Targets& targets, int64_t query,
                       std::span<T> scores, std::span<const int32_t> items,
                       std::span<const int32_t> positives);

/// Queries next to each other that compete with the same negatives: every query for itself, those
/// of a sequence, or all of the tile.
struct NegativeGroup {
  int64_t begin = 0, end = 0;  ///< queries
  std::vector<int32_t> negatives;
};
std::vector<NegativeGroup> shared_negatives(const SampledContext& context, const Tile& tile,
                                            uint64_t seed, uint64_t step);

/// Candidates of a tile whose queries have negatives of their own, [queries, width]: the positives
/// of a query, its negatives, then repeats of its first positive where it has less than `width`.
struct OwnCandidates {
  int64_t width = 0;
  std::vector<int32_t> ids;
};
OwnCandidates own_candidates(const SampledContext& context, const Tile& tile, uint64_t seed,
                             uint64_t step);

/// Loss of a tile. Own negatives are gathered row by row; shared ones are a matrix product.
template <typename T>
double with_own_negatives(const SampledContext& context, const ObjectiveInput<T>& input,
                          T* state_grad, TableGradient<T>& table_grad);
template <typename T>
double with_shared_negatives(const SampledContext& context, const ObjectiveInput<T>& input,
                             T* state_grad, TableGradient<T>& table_grad);

/// Changes a row of scores between drawing and the criterion: negatives that a query must not have
/// although the draw could not know it (hits) count for nothing, and with log-Q the others lose
/// ln(expected draws). Constants both, so gradients need no change.
class RowCorrection {
 public:
  RowCorrection(const SampledContext& context, const Tile& tile);

  bool needed() const { return mask_positives_ || mask_seen_ || log_q_; }
  /// `scores` of `negatives`, for a query of a sequence.
  template <typename T>
  void apply(int64_t query, int64_t sequence, std::span<const int32_t> negatives,
             std::span<T> scores) const;

 private:
  const CandidateSampler& sampler_;
  const Tile& tile_;
  bool mask_positives_, mask_seen_, log_q_;
};

/// The sequence that each query of a tile belongs to.
std::vector<int64_t> sequences_of_queries(const Tile& tile);

/// Rows of the output table that a tile uses. A large table is first narrowed to them, so that its
/// gradient stays small too; a small one is used as it is. Replaces `ids` by places in rows().
template <typename T>
class TableRows {
 public:
  /// `table_grad` is where the gradient will go.
  TableRows(const ObjectiveInput<T>& input, const TableGradient<T>& table_grad,
            std::span<int32_t> ids);

  const T* rows() const { return rows_; }
  /// Zeroed, to add to, in the layout of rows().
  T* gradient(TableGradient<T>& table_grad);
  /// Hands a narrow gradient over.
  void finish(TableGradient<T>& table_grad);

 private:
  int64_t dim_;
  bool dense_;
  std::vector<int32_t> used_;
  AlignedVector<T> narrow_, narrow_grad_;
  const T* rows_;
};

}  // namespace truenext
