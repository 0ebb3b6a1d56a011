// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "kernels/overloads.h"
#include "objectives/query_rows.h"
#include "objectives/sampled.h"

namespace truenext {
namespace {

/// The queries of a tile in groups with the same negatives: their scores are one matrix product.
template <typename T>
class SharedRows {
 public:
  SharedRows(const SampledContext& context, const ObjectiveInput<T>& input)
      : context_(context),
        input_(input),
        dim_(input.dim),
        correction_(context, *input.tile),
        sequences_(sequences_of_queries(*input.tile)),
        groups_(shared_negatives(context, *input.tile, input.seed, input.step)) {
    const Targets& targets = input.tile->targets;
    places_ = targets.items;
    for (const NegativeGroup& group : groups_) {
      places_.insert(places_.end(), group.negatives.begin(), group.negatives.end());
    }
    states_.resize(static_cast<size_t>(targets.size() * dim_));
    grads_.assign(states_.size(), T(0));
    gather_states(input, 0, targets.size(), states_.data());
  }

  double evaluate(T* state_grad, TableGradient<T>& table_grad) {
    TableRows<T> table(input_, table_grad, places_);
    T* table_out = table.gradient(table_grad);
    double loss = 0;
    const int32_t* places = places_.data() + input_.tile->targets.items.size();
    for (const NegativeGroup& group : groups_) {
      const std::span<const int32_t> drawn(places, group.negatives.size());
      loss += evaluate_group(group, drawn, table.rows(), table_out);
      places += drawn.size();
    }
    table.finish(table_grad);
    scatter_states(input_, 0, input_.tile->targets.size(), grads_.data(), state_grad);
    return loss;
  }

 private:
  double evaluate_group(const NegativeGroup& group, std::span<const int32_t> places, const T* table,
                        T* table_out) {
    const int64_t rows = group.end - group.begin;
    const int64_t negatives = std::ssize(places);
    const int64_t width = negatives + input_.tile->targets.most();
    together_.resize(static_cast<size_t>(negatives * dim_));
    for (int64_t j = 0; j < negatives; ++j) {
      std::copy_n(table + places[j] * dim_, dim_, together_.data() + j * dim_);
    }
    scores_.resize(static_cast<size_t>(rows * width));
    const T* states = states_.data() + group.begin * dim_;
    kernels::gemm_nt(rows, negatives, dim_, states, dim_, together_.data(), dim_, scores_.data(),
                     width, false);
    double loss = 0;
    for (int64_t q = group.begin; q < group.end; ++q) {
      loss += apply(q, group.negatives, table, scores_.data() + (q - group.begin) * width);
    }
    kernels::gemm_nn(rows, dim_, negatives, scores_.data(), width, together_.data(), dim_,
                     grads_.data() + group.begin * dim_, dim_, false);
    kernels::gemm_tn(negatives, dim_, rows, scores_.data(), width, states, dim_, together_.data(),
                     dim_, false);
    for (int64_t j = 0; j < negatives; ++j) {
      kernels::axpy(dim_, T(1), together_.data() + j * dim_, table_out + places[j] * dim_);
    }
    for (int64_t q = group.begin; q < group.end; ++q) {
      pass_back(q, scores_.data() + (q - group.begin) * width + negatives, table, table_out);
    }
    return loss;
  }

  /// A row is its negatives, then its positives.
  double apply(int64_t query, std::span<const int32_t> negatives, const T* table, T* row) {
    const Targets& targets = input_.tile->targets;
    const int64_t first = targets.offsets[query];
    const auto positives = std::ssize(targets.positives(query));
    indices_.clear();
    for (int64_t p = 0; p < positives; ++p) {
      const auto place = static_cast<int64_t>(std::ssize(negatives) + p);
      kernels::gemm_nt(1, 1, dim_, states_.data() + query * dim_, dim_,
                       table + places_[first + p] * dim_, dim_, row + place, 1, false);
      indices_.push_back(static_cast<int32_t>(place));
    }
    const std::span<T> scores(row, negatives.size() + indices_.size());
    if (correction_.needed()) {
      correction_.apply(query, sequences_[query], negatives, scores.first(negatives.size()));
    }
    if (context_.labels) {
      items_.assign(negatives.begin(), negatives.end());
      items_.insert(items_.end(), targets.items.begin() + first,
                    targets.items.begin() + first + positives);
    }
    return apply_row<T>(context_.criterion,
                        target_row<T>(context_, targets, query, scores, items_, indices_),
                        1.0 / static_cast<double>(input_.divisor));
  }

  void pass_back(int64_t query, const T* score_grads, const T* table, T* table_out) {
    const Targets& targets = input_.tile->targets;
    for (int64_t p = 0; p < std::ssize(targets.positives(query)); ++p) {
      const int64_t row = places_[targets.offsets[query] + p] * dim_;
      kernels::axpy(dim_, score_grads[p], table + row, grads_.data() + query * dim_);
      kernels::axpy(dim_, score_grads[p], states_.data() + query * dim_, table_out + row);
    }
  }

  const SampledContext& context_;
  const ObjectiveInput<T>& input_;
  int64_t dim_;
  RowCorrection correction_;
  std::vector<int64_t> sequences_;  ///< of queries
  std::vector<NegativeGroup> groups_;
  std::vector<int32_t> places_;      ///< of all positives, then of each group's negatives
  AlignedVector<T> states_, grads_;  ///< [queries, dim]
  AlignedVector<T> together_;        ///< the group's negatives [negatives, dim]
  AlignedVector<T> scores_;          ///< of the group
  std::vector<int32_t> indices_;     ///< of a row's positives
  std::vector<int32_t> items_;       ///< of a row, with soft labels
};

}  // namespace

template <typename T>
double with_shared_negatives(const SampledContext& context, const ObjectiveInput<T>& input,
                             T* state_grad, TableGradient<T>& table_grad) {
  return SharedRows<T>(context, input).evaluate(state_grad, table_grad);
}

template double with_shared_negatives(const SampledContext&, const ObjectiveInput<float>&, float*,
                                      TableGradient<float>&);
template double with_shared_negatives(const SampledContext&, const ObjectiveInput<double>&, double*,
                                      TableGradient<double>&);

}  // namespace truenext
