// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/pairwise.h"

namespace truenext {
namespace {

/// Bayesian personalised ranking (Rendle et al. 2009), mean over the negatives as GRU4Rec has it
/// (Hidasi et al. 2016): sum_p w_p 1/k sum_j -ln sigma(s_p - s_j).
class Bpr final : public PairCriterion<Bpr> {
 public:
  template <typename T>
  double loss(const Pairs<T>& pairs) const {
    double loss = 0;
    for (size_t p = 0; p < pairs.positives.size(); ++p) {
      const double weight = pairs.weights[p] / static_cast<double>(pairs.count());
      const kernels::PairSums sums =
          kernels::pair_softplus(pairs.count(), pairs.positives[p], static_cast<T>(weight),
                                 pairs.negatives.data(), pairs.grads.data());
      loss += weight * sums.value;
      pairs.positive_grads[p] = static_cast<T>(-weight * sums.slope);
    }
    return loss;
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<Bpr>();
}

}  // namespace

extern const CriterionInfo bpr_criterion;
const CriterionInfo bpr_criterion{
    "bpr", "1/k sum_j -ln sigma(s+ - s_j)",
    "Rendle et al. 2009; mean over negatives as in Hidasi et al. 2016", &make};

}  // namespace truenext
