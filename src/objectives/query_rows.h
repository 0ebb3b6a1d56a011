// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/overloads.h"
#include "objectives/objective.h"

// What sampled and full candidates share: states of a tile's queries, and one row of scores.
namespace truenext {

/// States of the queries [begin, end) side by side, and the way back for their gradients.
template <typename T>
void gather_states(const ObjectiveInput<T>& input, int64_t begin, int64_t end, T* out) {
  for (int64_t q = begin; q < end; ++q) {
    std::copy_n(input.states + input.row_of(q) * input.dim, input.dim,
                out + (q - begin) * input.dim);
  }
}

template <typename T>
void scatter_states(const ObjectiveInput<T>& input, int64_t begin, int64_t end, const T* grad,
                    T* state_grad) {
  for (int64_t q = begin; q < end; ++q) {
    T* to = state_grad + input.row_of(q) * input.dim;
    for (int64_t c = 0; c < input.dim; ++c) to[c] += grad[(q - begin) * input.dim + c];
  }
}

/// Scores to loss and score gradients, both divided by the positions of the batch.
template <typename T>
double apply_row(const Criterion& criterion, ScoreRow<T> row, double share) {
  const double loss = criterion.apply(row);
  kernels::scale(static_cast<int64_t>(row.scores.size()), static_cast<T>(share), row.scores.data());
  return loss * share;
}

}  // namespace truenext
