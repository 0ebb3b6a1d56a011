// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/logistic.h"
#include "objectives/criterion.h"

// Arithmetic that the criteria share. Float rows go through the vector kernels, double rows (exact
// gradient checks) through plain loops.
namespace truenext {

/// ln(1 + e^x) without overflow.
inline double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}
inline double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return x >= 0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

/// Sum of softplus over the scores; the scores become their sigmoids.
inline double softplus_sum(std::span<float> scores) {
  return kernels::softplus_sum(static_cast<int64_t>(scores.size()), scores.data());
}
inline double softplus_sum(std::span<double> scores) {
  double sum = 0;
  for (double& score : scores) {
    sum += softplus(score);
    score = sigmoid(score);
  }
  return sum;
}

inline float row_maximum(std::span<const float> scores) {
  return kernels::maximum(static_cast<int64_t>(scores.size()), scores.data());
}
inline double row_maximum(std::span<const double> scores) {
  return *std::max_element(scores.begin(), scores.end());
}

/// Sum of e^(score - shift); the scores become the summands.
inline double shifted_exp_sum(std::span<float> scores, float shift) {
  return kernels::exp_sum(static_cast<int64_t>(scores.size()), shift, scores.data());
}
inline double shifted_exp_sum(std::span<double> scores, double shift) {
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - shift);
  return sum;
}

/// Value and derivative of a positive's loss as a function of its score.
struct PositiveTerm {
  double value = 0;
  double slope = 0;
};

/// beta softplus(-s): the positive's half of binary cross-entropy.
inline PositiveTerm logistic_positive(double score, double beta = 1) {
  return {beta * softplus(-score), -beta * sigmoid(-score)};
}

/// Factors of the two halves of a binary cross-entropy.
struct BinaryScales {
  double positive = 1;
  double negative = 1;
};

/// scales.positive sum_p w_p positive(s_p) + scales.negative sum_j softplus(s_j) over the
/// candidates j that are no positives; the scores become gradients. A positive must be listed once.
template <typename T, typename Positive>
double binary_terms(ScoreRow<T> row, BinaryScales scales, const Positive& positive) {
  // Taking the positives out first keeps their large scores from drowning the sum over negatives.
  constexpr T kMinusInfinity = T(-1e4);  // softplus 0 and sigmoid 0 in either precision
  double loss = 0;
  thread_local std::vector<double> slopes;
  slopes.resize(row.positives.size());
  for (size_t p = 0; p < row.positives.size(); ++p) {
    T& score = row.scores[row.positives[p]];
    const PositiveTerm term = positive(static_cast<double>(score));
    loss += scales.positive * row.weights[p] * term.value;
    slopes[p] = scales.positive * row.weights[p] * term.slope;
    score = kMinusInfinity;
  }
  loss += scales.negative * softplus_sum(row.scores);
  for (T& score : row.scores) score *= static_cast<T>(scales.negative);
  for (size_t p = 0; p < row.positives.size(); ++p) {
    row.scores[row.positives[p]] = static_cast<T>(slopes[p]);
  }
  return loss;
}

/// 1/(k+1) [ sum_p w_p positive(s_p) + sum_j softplus(s_j) ], k = candidates that are no positives.
template <typename T, typename Positive>
double weighted_bce(ScoreRow<T> row, const Positive& positive) {
  const double negatives = row.whole
                               ? static_cast<double>(row.whole->negatives)
                               : static_cast<double>(row.scores.size() - row.positives.size());
  const double scale = 1.0 / (negatives + 1.0);
  return binary_terms(row, BinaryScales{scale, scale}, positive);
}

/// The same with beta softplus(-s) as the positive's loss.
template <typename T>
double weighted_bce(ScoreRow<T> row, double beta) {
  return weighted_bce(row, [beta](double score) { return logistic_positive(score, beta); });
}

}  // namespace truenext
