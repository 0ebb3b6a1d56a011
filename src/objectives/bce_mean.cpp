// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

/// Binary cross-entropy whose positive weighs as much as all its negatives together (BCE-S of Li et
/// al. 2023): sum_p w_p [ softplus(-s_p) + 1/k sum_j softplus(s_j) ]. With one negative it is twice
/// `bce`, whose mean is over positive and negatives.
class BceMean final : public Criterion {
 public:
  double apply(ScoreRow<float> row) const override { return run(row); }
  double apply(ScoreRow<double> row) const override { return run(row); }

 private:
  template <typename T>
  static double run(ScoreRow<T> row) {
    double weight = row.whole ? row.whole->weight : 0;
    int64_t negatives = static_cast<int64_t>(row.scores.size() - row.positives.size());
    if (row.whole) negatives = row.whole->negatives;
    for (size_t p = 0; p < row.positives.size() && !row.whole; ++p) weight += row.weights[p];
    return binary_terms(row,
                        BinaryScales{1.0, weight / std::max(1.0, static_cast<double>(negatives))},
                        [](double score) { return logistic_positive(score); });
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<BceMean>();
}

}  // namespace

extern const CriterionInfo bce_mean_criterion;
const CriterionInfo bce_mean_criterion{"bce-mean", "softplus(-s+) + 1/k sum_j softplus(s_j)",
                                       "BCE-S of Li et al. 2023 (arXiv 2301.00979)", &make};

}  // namespace truenext
