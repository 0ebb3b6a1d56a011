// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/pairwise.h"

namespace truenext {
namespace {

/// TOP1 (Hidasi et al. 2016, section 3.1.1): sum_p w_p 1/k sum_j [ sigma(s_j - s_p) + sigma(s_j^2)
/// ], the share of negatives above the positive, smoothed, and a pull of their scores to zero.
class Top1 final : public PairCriterion<Top1> {
 public:
  template <typename T>
  double loss(const Pairs<T>& pairs) const {
    const T share = static_cast<T>(1.0 / static_cast<double>(pairs.count()));
    std::fill(pairs.share.begin(), pairs.share.end(), share);
    const double loss = top1_sums(pairs);
    for (size_t j = 0; j < pairs.grads.size(); ++j) pairs.grads[j] = share * pairs.slope[j];
    return loss;
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<Top1>();
}

}  // namespace

extern const CriterionInfo top1_criterion;
const CriterionInfo top1_criterion{"top1", "1/k sum_j [ sigma(s_j - s+) + sigma(s_j^2) ]",
                                   "Hidasi et al., ICLR 2016", &make};

}  // namespace truenext
