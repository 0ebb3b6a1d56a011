// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "kernels/overloads.h"
#include "kernels/pairwise.h"
#include "kernels/reference_pairwise.h"
#include "objectives/criterion.h"
#include "objectives/logistic.h"

// What the criteria of differences share (BPR, TOP1 and their "max" forms): negatives apart from
// the positives, and the kernels' names for double.
namespace truenext {

/// One row taken apart. Every positive competes with all negatives; the loss of the row is
/// sum_p weight_p * loss(positive p against the negatives).
template <typename T>
struct Pairs {
  std::span<const T> positives;    ///< their scores
  std::span<const float> weights;  ///< theirs
  std::span<const T> negatives;    ///< scores of the candidates that are no positives, >= 1
  std::span<T> positive_grads;     ///< to be written
  std::span<T> grads;              ///< of the negatives; zero, to be added to
  std::span<T> share;              ///< as long as the negatives, free to use
  std::span<T> value, slope;       ///< the same, zero at first

  int64_t count() const { return static_cast<int64_t>(negatives.size()); }
  double total_weight() const {
    double sum = 0;
    for (const float weight : weights) sum += weight;
    return sum;
  }
};

namespace detail {

/// Calls run(first, last) for the stretches of 0..candidates-1 between the positives.
template <typename Run>
void between(std::span<const int32_t> sorted_positives, size_t candidates, const Run& run) {
  size_t first = 0;
  for (const int32_t positive : sorted_positives) {
    run(first, static_cast<size_t>(positive));
    first = static_cast<size_t>(positive) + 1;
  }
  run(first, candidates);
}

}  // namespace detail

/// Takes the row apart, has `body` return the loss and make the gradients, and puts these in the
/// place of the scores. A row without negatives has no loss. A positive must be listed once.
template <typename T, typename Body>
double over_pairs(ScoreRow<T> row, const Body& body) {
  const size_t positives = row.positives.size();
  const size_t negatives = row.scores.size() - positives;
  thread_local std::vector<int32_t> sorted;
  thread_local AlignedVector<T> memory;
  sorted.assign(row.positives.begin(), row.positives.end());
  std::sort(sorted.begin(), sorted.end());
  memory.assign(2 * positives + 5 * negatives, T(0));
  auto part = [next = memory.data()](size_t n) mutable {
    const std::span<T> taken(next, n);
    next += n;
    return taken;
  };
  const std::span<T> x = part(negatives), grads = part(negatives), share = part(negatives),
                     value = part(negatives), slope = part(negatives);
  const std::span<T> scores = part(positives), positive_grads = part(positives);
  for (size_t p = 0; p < positives; ++p) scores[p] = row.scores[row.positives[p]];
  T* const all = row.scores.data();
  T* to = x.data();
  detail::between(sorted, row.scores.size(),
                  [&](size_t first, size_t last) { to = std::copy(all + first, all + last, to); });
  double loss = 0;
  if (negatives > 0) {
    loss = body(Pairs<T>{scores, row.weights, x, positive_grads, grads, share, value, slope});
  }
  const T* from = grads.data();
  detail::between(sorted, row.scores.size(), [&](size_t first, size_t last) {
    std::copy_n(from, last - first, all + first);
    from += last - first;
  });
  for (size_t p = 0; p < positives; ++p) row.scores[row.positives[p]] = positive_grads[p];
  return loss;
}

/// A criterion of pairs: `Rule` has a const member loss(pairs) that does what `body` does above.
template <typename Rule>
class PairCriterion : public Criterion {
 public:
  double apply(ScoreRow<float> row) const final { return run(row); }
  double apply(ScoreRow<double> row) const final { return run(row); }
  bool needs_whole_rows() const final { return true; }

 private:
  template <typename T>
  double run(ScoreRow<T> row) const {
    return over_pairs(
        row, [this](const Pairs<T>& pairs) { return static_cast<const Rule&>(*this).loss(pairs); });
  }
};

/// pairs.share becomes the softmax of the negatives; returns ln sum_j e^(s_j).
template <typename T>
double softmax_share(const Pairs<T>& pairs) {
  std::copy(pairs.negatives.begin(), pairs.negatives.end(), pairs.share.begin());
  const T top = row_maximum(pairs.negatives);
  const double sum = shifted_exp_sum(pairs.share, top);
  const T factor = static_cast<T>(1.0 / sum);
  for (T& share : pairs.share) share *= factor;
  return static_cast<double>(top) + std::log(sum);
}

/// TOP1's sum over the negatives with `share` for weights: returns
/// sum_p w_p sum_j share_j [ sigma(s_j - s_p) + sigma(s_j^2) ]; writes the positives' gradients,
/// and into value and slope each negative's own sum over p and its derivative.
template <typename T>
double top1_sums(const Pairs<T>& pairs) {
  const int64_t n = pairs.count();
  const T *x = pairs.negatives.data(), *share = pairs.share.data();
  T *value = pairs.value.data(), *slope = pairs.slope.data();
  const double total = pairs.total_weight();
  double loss = total * kernels::square_sigmoid(n, static_cast<T>(total), x, share, value, slope);
  for (size_t p = 0; p < pairs.positives.size(); ++p) {
    const T weight = static_cast<T>(pairs.weights[p]);
    const kernels::PairSums sums =
        kernels::pair_sigmoid(n, pairs.positives[p], weight, x, share, value, slope);
    loss += pairs.weights[p] * sums.value;
    pairs.positive_grads[p] = static_cast<T>(-pairs.weights[p] * sums.slope);
  }
  return loss;
}

}  // namespace truenext
