// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/pairwise.h"

namespace truenext {
namespace {

/// BPR-max (Hidasi and Karatzoglou 2018, section 3.3): with a the softmax of the negatives,
/// sum_p w_p [ -ln sum_j a_j sigma(s_p - s_j) + lambda sum_j a_j s_j^2 ].
/// The first term is ln sum_j e^(s_j) - ln sum_j e^(s_j) sigma(s_p - s_j), which neither
/// underflows nor overflows.
class BprMax final : public PairCriterion<BprMax> {
 public:
  explicit BprMax(double lambda) : lambda_(lambda) {}

  template <typename T>
  double loss(const Pairs<T>& pairs) const {
    const double all = softmax_share(pairs);
    const T top = row_maximum(pairs.negatives);
    double loss = 0;
    for (size_t p = 0; p < pairs.positives.size(); ++p) {
      const T shift = std::min(top, pairs.positives[p]);
      const kernels::PairSums sums = kernels::pair_exponentials(
          pairs.count(), pairs.positives[p], shift, pairs.negatives.data(), pairs.value.data());
      loss += pairs.weights[p] * (all - static_cast<double>(shift) - std::log(sums.value));
      pairs.positive_grads[p] = static_cast<T>(-pairs.weights[p] * sums.slope / sums.value);
      kernels::axpy(pairs.count(), static_cast<T>(-pairs.weights[p] / sums.value),
                    pairs.value.data(), pairs.grads.data());
    }
    kernels::axpy(pairs.count(), static_cast<T>(pairs.total_weight()), pairs.share.data(),
                  pairs.grads.data());
    return lambda_ > 0 ? loss + regularise(pairs) : loss;
  }

 private:
  /// d/ds_j of sum_i a_i s_i^2 is a_j (s_j^2 - the sum + 2 s_j).
  template <typename T>
  double regularise(const Pairs<T>& pairs) const {
    double sum = 0;
    for (size_t j = 0; j < pairs.negatives.size(); ++j) {
      const double score = static_cast<double>(pairs.negatives[j]);
      sum += static_cast<double>(pairs.share[j]) * score * score;
    }
    const double factor = lambda_ * pairs.total_weight();
    for (size_t j = 0; j < pairs.negatives.size(); ++j) {
      const double score = static_cast<double>(pairs.negatives[j]);
      pairs.grads[j] += static_cast<T>(factor * static_cast<double>(pairs.share[j]) *
                                       (score * score - sum + 2 * score));
    }
    return factor * sum;
  }

  double lambda_;
};

std::unique_ptr<Criterion> make(const CriterionContext& context) {
  return std::make_unique<BprMax>(context.bpr_max_reg);
}

}  // namespace

extern const CriterionInfo bpr_max_criterion;
const CriterionInfo bpr_max_criterion{
    "bpr-max",
    "-ln sum_j a_j sigma(s+ - s_j) + lambda sum_j a_j s_j^2, a = softmax of the negatives",
    "Hidasi and Karatzoglou, CIKM 2018", &make};

}  // namespace truenext
