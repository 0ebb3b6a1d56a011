// SPDX-License-Identifier: Apache-2.0
#include "objectives/axis_error.h"

#include <numeric>
#include <vector>

#include "kernels/overloads.h"
#include "objectives/query_rows.h"

namespace truenext {
namespace {

/// One query after the other; there is nothing to be fast for.
template <typename T>
class AxisErrorRow {
 public:
  AxisErrorRow(const ObjectiveInput<T>& input, size_t positives)
      : input_(input),
        dim_(static_cast<size_t>(input.dim)),
        scores_(positives + dim_),
        sum_(dim_),
        places_(positives) {
    std::iota(places_.begin(), places_.end(), 0);
  }

  /// Returns the loss; adds to h_grad [dim] and writes values [ids.size(), dim].
  double apply(const Criterion& criterion, int64_t query, std::span<const int32_t> ids, T* h_grad,
               T* values) {
    const size_t positives = places_.size();
    const T* h = input_.states + input_.row_of(query) * input_.dim;
    std::fill(sum_.begin(), sum_.end(), T(0));
    for (size_t i = 0; i < ids.size(); ++i) {
      const T* row = input_.table + ids[i] * input_.dim;
      if (i < positives) {
        scores_[i] = std::inner_product(h, h + dim_, row, T(0));
      } else {
        for (size_t c = 0; c < dim_; ++c) sum_[c] += row[c];
      }
    }
    for (size_t c = 0; c < dim_; ++c) scores_[positives + c] = h[c] * sum_[c];
    const double share = 1.0 / static_cast<double>(input_.divisor);
    const auto weights = input_.tile->targets.positive_weights(query);
    const double loss = apply_row<T>(criterion, {scores_, places_, weights}, share);
    for (size_t i = 0; i < ids.size(); ++i, values += dim_) {
      const T* row = input_.table + ids[i] * input_.dim;
      for (size_t c = 0; c < dim_; ++c) {
        const T g = i < positives ? scores_[i] : scores_[positives + c];
        values[c] = g * h[c];
        if (i < positives) h_grad[c] += g * row[c];
      }
    }
    for (size_t c = 0; c < dim_; ++c) h_grad[c] += scores_[positives + c] * sum_[c];
    return loss;
  }

 private:
  const ObjectiveInput<T>& input_;
  size_t dim_;
  std::vector<T> scores_, sum_;
  std::vector<int32_t> places_;  // of the positives in a row: the first
};

}  // namespace

template <typename T>
double axis_error(const Criterion& criterion, const ObjectiveInput<T>& input,
                  std::span<const int32_t> ids, T* state_grad, TableGradient<T>& table_grad) {
  const Targets& targets = input.tile->targets;
  const size_t count = ids.size() / static_cast<size_t>(targets.size());
  std::vector<T> values(ids.size() * static_cast<size_t>(input.dim));
  double loss = 0;
  for (int64_t q = 0; q < targets.size(); ++q) {
    AxisErrorRow<T> row(input, targets.positives(q).size());
    const size_t first = static_cast<size_t>(q) * count;
    loss +=
        row.apply(criterion, q, ids.subspan(first, count), state_grad + input.row_of(q) * input.dim,
                  values.data() + first * static_cast<size_t>(input.dim));
  }
  table_grad.add_rows(ids, values.data());
  return loss;
}

template double axis_error(const Criterion&, const ObjectiveInput<float>&, std::span<const int32_t>,
                           float*, TableGradient<float>&);
template double axis_error(const Criterion&, const ObjectiveInput<double>&,
                           std::span<const int32_t>, double*, TableGradient<double>&);

}  // namespace truenext
