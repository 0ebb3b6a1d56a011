// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "kernels/kernels.h"

/// Adam on single rows of large tables: some rows of a table with gradients, and rows that were
/// left alone for many steps. Every function gives the bits that adam() gives on the whole table.
namespace truenext::kernels {

/// The numbers of an AdamStep as adam() uses them, each rounded once from double: p += size * m /
/// (sqrt(v) + epsilon), where size and epsilon hold the bias corrections.
struct AdamFactors {
  float keep1, take1, keep2, take2, epsilon, size, l2, shrink;
  float average = 0;  ///< where one is kept: a += average * (p - a), once p has moved
};
AdamFactors adam_factors(const AdamStep& step);

/// A table of width `dim` and the arrays that lie beside it.
struct AdamTable {
  int64_t dim;
  float *parameter, *moment1, *moment2;
  float* average = nullptr;  ///< of the parameters over the steps; null = none is kept

  AdamTable row(int64_t number) const {
    const int64_t at = number * dim;
    return {dim, parameter + at, moment1 + at, moment2 + at, average ? average + at : nullptr};
  }
};

/// One step of n numbers from the start of `table`.
void adam(int64_t n, const AdamFactors& step, const float* grad, const AdamTable& table);

/// One step of rows[0 .. count) with gradients grad [count, dim], in their order.
void adam_rows(int64_t count, const int32_t* rows, const AdamFactors& step, const float* grad,
               const AdamTable& table);

/// Consecutive steps without gradient, oldest first. `ceiling`: idle_ceiling() of them all and
/// perhaps of others. No step may take more of the average than the one before it.
struct IdleSteps {
  int64_t count;
  const AdamFactors* steps;
  float ceiling;
};
/// Bound of |size| over steps: that of the steps before (0 without any) with one more. Infinite
/// once a step shrinks parameters, since rows then never come to rest.
float idle_ceiling(float ceiling, const AdamFactors& step);
/// What count calls of adam() with gradient zero do to one row, in one pass over it.
void adam_idle(int64_t row, const IdleSteps& idle, const AdamTable& table);

/// Row-wise AdaGrad (one number of state per row, as in FBGEMM): sums[row] += mean of g^2, then
/// p -= learning_rate / (sqrt(sums[row]) + epsilon) * g, where g = grad + l2 * p, after p shrank by
/// `decay`. grad [count, dim].
struct AdagradStep {
  float learning_rate, epsilon, l2, decay;
};
struct AdagradTable {
  int64_t dim;
  float *parameter, *sums;
};
void adagrad_rows(std::span<const int32_t> rows, const AdagradStep& step, const float* grad,
                  const AdagradTable& table);

}  // namespace truenext::kernels
