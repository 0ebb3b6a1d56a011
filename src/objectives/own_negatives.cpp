// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/overloads.h"
#include "kernels/scratch.h"
#include "objectives/query_rows.h"
#include "objectives/sampled.h"

namespace truenext {
namespace {

using kernels::Scratch;

/// Queries whose candidates are worked together: their rows of the table fit the second-level
/// cache.
constexpr int64_t kQueriesAtOnce = 2;

/// Scores to losses and score gradients for single queries of a tile.
template <typename T>
class OwnRows {
 public:
  OwnRows(const SampledContext& context, const ObjectiveInput<T>& input, const OwnCandidates& own)
      : context_(context), input_(input), width_(own.width), correction_(context, *input.tile) {
    first_.resize(static_cast<size_t>(input.tile->targets.most()));
    std::iota(first_.begin(), first_.end(), 0);
    if (!correction_.needed() && !context.labels) return;
    items_ = own.ids;  // as items, before they become places
    sequences_ = sequences_of_queries(*input.tile);
  }

  /// `scores` [width] of a query become their gradients.
  double apply(int64_t query, T* scores) const {
    const Targets& targets = input_.tile->targets;
    const auto positives = static_cast<size_t>(std::ssize(targets.positives(query)));
    const auto negatives =
        static_cast<size_t>(context_.options.negatives_of(static_cast<int64_t>(positives)));
    const std::span<T> row(scores, positives + negatives);
    if (correction_.needed()) {
      const std::span<const int32_t> drawn(items_.data() + query * width_ + positives, negatives);
      correction_.apply(query, sequences_[query], drawn, row.subspan(positives));
    }
    std::fill(scores + row.size(), scores + width_, T(0));
    const auto items = context_.labels ? std::span(items_).subspan(query * width_, row.size())
                                       : std::span<const int32_t>();
    return apply_row<T>(
        context_.criterion,
        target_row<T>(context_, targets, query, row, items, std::span(first_).first(positives)),
        1.0 / static_cast<double>(input_.divisor));
  }

 private:
  const SampledContext& context_;
  const ObjectiveInput<T>& input_;
  int64_t width_;
  RowCorrection correction_;
  std::vector<int32_t> first_;      ///< 0, 1, ...: positives lead their rows
  std::vector<int32_t> items_;      ///< [queries, width]
  std::vector<int64_t> sequences_;  ///< of queries
};

}  // namespace

template <typename T>
double with_own_negatives(const SampledContext& context, const ObjectiveInput<T>& input,
                          T* state_grad, TableGradient<T>& table_grad) {
  const int64_t dim = input.dim;
  const int64_t queries = input.tile->targets.size();
  OwnCandidates own = own_candidates(context, *input.tile, input.seed, input.step);
  const int64_t width = own.width;
  const OwnRows<T> rows(context, input, own);
  TableRows<T> table(input, table_grad, own.ids);
  T* states = kernels::scratch<T>(Scratch::objective_states, queries * dim);
  gather_states(input, 0, queries, states);

  // A few queries from scores to state gradients, so that their table rows are read from far only
  // once; then the gradient of the table for all of them.
  T* scores = kernels::scratch<T>(Scratch::objective_scores, queries * width);
  T* grads = kernels::scratch<T>(Scratch::objective_gradients, queries * dim);
  std::fill_n(grads, queries * dim, T(0));
  double loss = 0;
  for (int64_t begin = 0; begin < queries; begin += kQueriesAtOnce) {
    const int64_t end = std::min(queries, begin + kQueriesAtOnce);
    const int32_t* block = own.ids.data() + begin * width;
    kernels::gather_scores(end - begin, width, dim, states + begin * dim, table.rows(), block,
                           scores + begin * width);
    for (int64_t q = begin; q < end; ++q) loss += rows.apply(q, scores + q * width);
    kernels::gather_state_grad(end - begin, width, dim, table.rows(), block, scores + begin * width,
                               grads + begin * dim);
  }
  kernels::gather_table_grad(queries, width, dim, states, own.ids.data(), scores,
                             table.gradient(table_grad));
  table.finish(table_grad);
  scatter_states(input, 0, queries, grads, state_grad);
  return loss;
}

template double with_own_negatives(const SampledContext&, const ObjectiveInput<float>&, float*,
                                   TableGradient<float>&);
template double with_own_negatives(const SampledContext&, const ObjectiveInput<double>&, double*,
                                   TableGradient<double>&);

}  // namespace truenext
