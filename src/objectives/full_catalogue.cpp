// SPDX-License-Identifier: Apache-2.0
#include "objectives/full_catalogue.h"

#include <algorithm>
#include <vector>

#include "kernels/overloads.h"
#include "objectives/query_rows.h"

namespace truenext {
namespace {

/// Whole rows are made for so many queries at a time that a block stays in cache.
constexpr int64_t kBlockScores = int64_t{1} << 19;
/// Larger catalogues are scored in pieces: a third more arithmetic at full speed. Where a criterion
/// needs whole rows the block shrinks instead, down to one query.
constexpr int64_t kWholeRowItems = 16384;
/// A piece: 512 KB of scores, so that its products and exponentials find it in cache.
constexpr int64_t kPieceItems = 512;
constexpr int64_t kPieceQueries = 256;

/// A tile's queries against one range of items after the other. Nothing it holds grows with the
/// catalogue but the table's gradient.
template <typename T>
class Pieces {
 public:
  Pieces(const Criterion& criterion, const ObjectiveInput<T>& input, int64_t num_items)
      : criterion_(criterion), input_(input), queries_(input.tile->targets.size()) {
    // Not in the list above: GCC 12 then warns of a free() that cannot be.
    states_.resize(static_cast<size_t>(queries_ * input.dim));
    grads_.assign(states_.size(), T(0));
    rows_.resize(static_cast<size_t>(queries_));
    gather_states(input, 0, queries_, states_.data());
    for (int64_t q = 0; q < queries_; ++q) {
      const auto weights = input.tile->targets.positive_weights(q);
      rows_[q].negatives = num_items - static_cast<int64_t>(weights.size());
      for (const float weight : weights) rows_[q].weight += weight;
    }
  }

  void survey(int64_t first, int64_t last) {
    for (int64_t begin = 0; begin < queries_; begin += kPieceQueries) {
      const int64_t end = std::min(queries_, begin + kPieceQueries);
      score(begin, end, first, last);
      for (int64_t q = begin; q < end; ++q)
        criterion_.survey(row(q - begin, last - first), rows_[q]);
    }
  }

  /// Returns the share of the loss; table_out [last - first, dim] is added to.
  double differentiate(int64_t first, int64_t last, T* table_out) {
    const int64_t dim = input_.dim;
    const int64_t items = last - first;
    double loss = 0;
    for (int64_t begin = 0; begin < queries_; begin += kPieceQueries) {
      const int64_t end = std::min(queries_, begin + kPieceQueries);
      score(begin, end, first, last);
      for (int64_t q = begin; q < end; ++q) loss += apply(q, row(q - begin, items), first);
      kernels::gemm_nn(end - begin, dim, items, scores_.data(), items, input_.table + first * dim,
                       dim, grads_.data() + begin * dim, dim, true);
      kernels::gemm_tn(items, dim, end - begin, scores_.data(), items, states_.data() + begin * dim,
                       dim, table_out, dim, true);
    }
    return loss;
  }

  void finish(T* state_grad) const {
    scatter_states(input_, 0, queries_, grads_.data(), state_grad);
  }

 private:
  std::span<T> row(int64_t number, int64_t items) {
    return {scores_.data() + number * items, static_cast<size_t>(items)};
  }

  void score(int64_t begin, int64_t end, int64_t first, int64_t last) {
    const int64_t dim = input_.dim;
    scores_.resize(static_cast<size_t>((end - begin) * (last - first)));
    kernels::gemm_nt(end - begin, last - first, dim, states_.data() + begin * dim, dim,
                     input_.table + first * dim, dim, scores_.data(), last - first, false);
  }

  double apply(int64_t query, std::span<T> scores, int64_t first) {
    const auto positives = input_.tile->targets.positives(query);
    const auto weights = input_.tile->targets.positive_weights(query);
    here_.clear();
    here_weights_.clear();
    for (size_t p = 0; p < positives.size(); ++p) {
      const int64_t place = positives[p] - first;
      if (place < 0 || place >= static_cast<int64_t>(scores.size())) continue;
      here_.push_back(static_cast<int32_t>(place));
      here_weights_.push_back(weights[p]);
    }
    const double share = 1.0 / static_cast<double>(input_.divisor);
    return apply_row<T>(criterion_, {scores, here_, here_weights_, &rows_[query]}, share);
  }

  const Criterion& criterion_;
  const ObjectiveInput<T>& input_;
  int64_t queries_;
  AlignedVector<T> states_, grads_;
  std::vector<WholeRow> rows_;
  AlignedVector<T> scores_;  // of one piece
  std::vector<int32_t> here_;
  std::vector<float> here_weights_;
};

}  // namespace

template <typename T>
double full_catalogue(const Criterion& criterion, const ObjectiveInput<T>& input, int64_t num_items,
                      T* state_grad, TableGradient<T>& table_grad) {
  if (num_items <= kWholeRowItems || criterion.needs_whole_rows()) {
    return full_by_rows(criterion, input, state_grad, table_grad);
  }
  return full_by_pieces(criterion, input, kPieceItems, state_grad, table_grad);
}

template <typename T>
double full_by_rows(const Criterion& criterion, const ObjectiveInput<T>& input, T* state_grad,
                    TableGradient<T>& table_grad) {
  const Targets& targets = input.tile->targets;
  const int64_t num_items = table_grad.num_rows();
  const int64_t dim = input.dim;
  const double share = 1.0 / static_cast<double>(input.divisor);
  const int64_t block = std::clamp<int64_t>(kBlockScores / num_items, 1, targets.size());
  AlignedVector<T> scores(static_cast<size_t>(block * num_items));
  AlignedVector<T> states(static_cast<size_t>(block * dim));
  AlignedVector<T> grads(states.size());
  T* table_out = table_grad.make_dense().data();
  double loss = 0;
  for (int64_t begin = 0; begin < targets.size(); begin += block) {
    const int64_t end = std::min(begin + block, targets.size());
    const int64_t rows = end - begin;
    gather_states(input, begin, end, states.data());
    kernels::gemm_nt(rows, num_items, dim, states.data(), dim, input.table, dim, scores.data(),
                     num_items, false);
    for (int64_t q = begin; q < end; ++q) {
      const std::span<T> row(scores.data() + (q - begin) * num_items,
                             static_cast<size_t>(num_items));
      loss +=
          apply_row<T>(criterion, {row, targets.positives(q), targets.positive_weights(q)}, share);
    }
    kernels::gemm_nn(rows, dim, num_items, scores.data(), num_items, input.table, dim, grads.data(),
                     dim, false);
    kernels::gemm_tn(num_items, dim, rows, scores.data(), num_items, states.data(), dim, table_out,
                     dim, true);
    scatter_states(input, begin, end, grads.data(), state_grad);
  }
  return loss;
}

template <typename T>
double full_by_pieces(const Criterion& criterion, const ObjectiveInput<T>& input,
                      int64_t piece_items, T* state_grad, TableGradient<T>& table_grad) {
  const int64_t num_items = table_grad.num_rows();
  Pieces<T> pieces(criterion, input, num_items);
  for (int64_t first = 0; criterion.needs_survey() && first < num_items; first += piece_items) {
    pieces.survey(first, std::min(num_items, first + piece_items));
  }
  T* table_out = table_grad.make_dense().data();
  double loss = 0;
  for (int64_t first = 0; first < num_items; first += piece_items) {
    const int64_t last = std::min(num_items, first + piece_items);
    loss += pieces.differentiate(first, last, table_out + first * input.dim);
  }
  pieces.finish(state_grad);
  return loss;
}

template double full_catalogue(const Criterion&, const ObjectiveInput<float>&, int64_t, float*,
                               TableGradient<float>&);
template double full_catalogue(const Criterion&, const ObjectiveInput<double>&, int64_t, double*,
                               TableGradient<double>&);
template double full_by_rows(const Criterion&, const ObjectiveInput<float>&, float*,
                             TableGradient<float>&);
template double full_by_rows(const Criterion&, const ObjectiveInput<double>&, double*,
                             TableGradient<double>&);
template double full_by_pieces(const Criterion&, const ObjectiveInput<float>&, int64_t, float*,
                               TableGradient<float>&);
template double full_by_pieces(const Criterion&, const ObjectiveInput<double>&, int64_t, double*,
                               TableGradient<double>&);

}  // namespace truenext
