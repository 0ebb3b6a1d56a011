// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "objectives/criterion.h"

namespace truenext {
namespace {

/// `bce-mean` as the code of Li et al. 2023 computes it: probabilities first, then
/// ln(p + 1e-24). In float32 a negative beyond about 17 has 1 - sigma(s) = 0: its loss stays at
/// 55.26 and its gradient vanishes. For comparison with their numbers, not for use.
class BcePublished final : public Criterion {
 public:
  double apply(ScoreRow<float> row) const override { return run(row); }
  double apply(ScoreRow<double> row) const override { return run(row); }

 private:
  static constexpr double kEpsilon = 1e-24;

  template <typename T>
  static T probability(T score) {
    return T(1) / (T(1) + std::exp(-score));
  }

  template <typename T>
  static double run(ScoreRow<T> row) {
    double weight = row.whole ? row.whole->weight : 0;
    for (size_t p = 0; p < row.positives.size() && !row.whole; ++p) weight += row.weights[p];
    const auto others = row.whole ? row.whole->negatives
                                  : static_cast<int64_t>(row.scores.size() - row.positives.size());
    const T epsilon = static_cast<T>(kEpsilon);
    const T scale = static_cast<T>(weight / static_cast<double>(std::max<int64_t>(others, 1)));
    double loss = 0;
    // All as negatives; then the positives' part of that is taken back.
    const auto negative = [&](T p) { return std::log(T(1) - p + epsilon); };
    std::vector<T> slopes(row.positives.size());
    for (size_t p = 0; p < row.positives.size(); ++p) {
      const T u = probability(row.scores[row.positives[p]]);
      loss -= row.weights[p] * static_cast<double>(std::log(u + epsilon));
      loss += static_cast<double>(scale * negative(u));
      slopes[p] = static_cast<T>(-row.weights[p]) * u * (T(1) - u) / (u + epsilon);
    }
    for (T& score : row.scores) {
      const T u = probability(score);
      loss -= static_cast<double>(scale * negative(u));
      score = scale * u * (T(1) - u) / (T(1) - u + epsilon);
    }
    for (size_t p = 0; p < row.positives.size(); ++p) row.scores[row.positives[p]] = slopes[p];
    return loss;
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<BcePublished>();
}

}  // namespace

extern const CriterionInfo bce_published_criterion;
const CriterionInfo bce_published_criterion{
    "bce-published", "-ln(sigma(s+) + 1e-24) - 1/k sum_j ln(1 - sigma(s_j) + 1e-24)",
    "code of Li et al. 2023; its gradient vanishes for large scores", &make};

}  // namespace truenext
