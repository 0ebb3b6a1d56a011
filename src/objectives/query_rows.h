// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/overloads.h"
#include "objectives/criterion.h"
#include "objectives/objective_input.h"

// What sampled and full candidates share: states of a tile's queries, and one row of scores.
namespace truenext {

/// States of the queries [begin, end) side by side, divided by the temperature (and with them their
/// scores), and the way back for their gradients.
template <typename T>
void gather_states(const ObjectiveInput<T>& input, int64_t begin, int64_t end, T* out) {
  for (int64_t q = begin; q < end; ++q) {
    std::copy_n(input.states + input.row_of(q) * input.dim, input.dim,
                out + (q - begin) * input.dim);
  }
  if (input.temperature == 1) return;
  kernels::scale((end - begin) * input.dim, static_cast<T>(1 / input.temperature), out);
}

template <typename T>
void scatter_states(const ObjectiveInput<T>& input, int64_t begin, int64_t end, const T* grad,
                    T* state_grad) {
  for (int64_t q = begin; q < end; ++q) {
    T* to = state_grad + input.row_of(q) * input.dim;
    const T* from = grad + (q - begin) * input.dim;
    kernels::axpy(input.dim, static_cast<T>(1 / input.temperature), from, to);
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
