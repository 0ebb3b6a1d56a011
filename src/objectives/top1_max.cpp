// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/pairwise.h"

namespace truenext {
namespace {

/// TOP1-max (Hidasi and Karatzoglou 2018, section 3.2): TOP1 with the softmax a of the negatives
/// for weights, sum_p w_p sum_j a_j [ sigma(s_j - s_p) + sigma(s_j^2) ].
class Top1Max final : public PairCriterion<Top1Max> {
 public:
  template <typename T>
  double loss(const Pairs<T>& pairs) const {
    softmax_share(pairs);
    const double loss = top1_sums(pairs);
    // Through the weights too: da_i/ds_j = a_i ([i = j] - a_j).
    const T mean = static_cast<T>(loss);
    for (size_t j = 0; j < pairs.grads.size(); ++j) {
      pairs.grads[j] = pairs.share[j] * (pairs.slope[j] + (pairs.value[j] - mean));
    }
    return loss;
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<Top1Max>();
}

}  // namespace

extern const CriterionInfo top1_max_criterion;
const CriterionInfo top1_max_criterion{
    "top1-max", "sum_j a_j [ sigma(s_j - s+) + sigma(s_j^2) ], a = softmax of the negatives",
    "Hidasi and Karatzoglou, CIKM 2018", &make};

}  // namespace truenext
