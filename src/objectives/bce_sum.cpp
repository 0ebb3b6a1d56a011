// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

/// Binary cross-entropy as a plain sum: sum_p w_p softplus(-s_p) + sum_j softplus(s_j). With as
/// many negatives as targets and a batch loss that is a mean over targets it is the loss of Bacciu
/// et al. 2023 (arXiv 2305.10824), whose weights are on the positives only.
class BceSum final : public Criterion {
 public:
  double apply(ScoreRow<float> row) const override { return run(row); }
  double apply(ScoreRow<double> row) const override { return run(row); }

 private:
  template <typename T>
  static double run(ScoreRow<T> row) {
    return binary_terms(row, BinaryScales{}, [](double score) { return logistic_positive(score); });
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<BceSum>();
}

}  // namespace

extern const CriterionInfo bce_sum_criterion;
const CriterionInfo bce_sum_criterion{"bce-sum", "softplus(-s+) + sum_j softplus(s_j)",
                                      "Bacciu et al. 2023 (arXiv 2305.10824)", &make};

}  // namespace truenext
