// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

/// Binary cross-entropy, mean over the candidates of a position (SASRec, Kang and McAuley 2018,
/// with k negatives): 1/(k+1) [ sum_p w_p softplus(-s_p) + sum_j softplus(s_j) ]. It is gBCE at t =
/// 0.
class Bce final : public Criterion {
 public:
  double apply(ScoreRow<float> row) const override { return weighted_bce(row, 1.0); }
  double apply(ScoreRow<double> row) const override { return weighted_bce(row, 1.0); }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<Bce>();
}

}  // namespace

extern const CriterionInfo bce_criterion;
const CriterionInfo bce_criterion{
    "bce", "1/(k+1) [ softplus(-s+) + sum_j softplus(s_j) ]",
    "Kang and McAuley 2018; with k negatives as in Petrov and Macdonald 2023", &make};

}  // namespace truenext
