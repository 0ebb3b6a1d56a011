// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Losses of one positive against a row of n negatives x, as functions of their differences. All
/// are stable for every finite score; sums are made in double over short runs of lanes, in a fixed
/// order. The plain twins are in kernels/reference_pairwise.h.
namespace truenext::kernels {

/// What a positive's loss takes from a row: a sum of values and one of slopes.
struct PairSums {
  double value = 0;
  double slope = 0;
};

/// Sums of ln(1 + e^(x - positive)) and of its derivative s(x - positive), s the logistic function;
/// grad[n] += weight * s(x - positive).
PairSums pair_softplus(int64_t n, float positive, float weight, const float* x, float* grad);

/// With e = exp(x - shift) s(positive - x): sums of e and of e s(x - positive);
/// out[n] = e s(positive - x). No term exceeds 1 and the largest is 1/2 at least when `shift` is
/// the smaller of the positive and the largest of x.
PairSums pair_exponentials(int64_t n, float positive, float shift, const float* x, float* out);

/// Sums of share * s(x - positive) and of share * s'(x - positive);
/// value[n] += weight * s(x - positive), slope[n] += weight * s'(x - positive).
PairSums pair_sigmoid(int64_t n, float positive, float weight, const float* x, const float* share,
                      float* value, float* slope);

/// Sum of share * s(x^2); value[n] += weight * s(x^2), slope[n] += weight * 2 x s'(x^2).
double square_sigmoid(int64_t n, float weight, const float* x, const float* share, float* value,
                      float* slope);

}  // namespace truenext::kernels
