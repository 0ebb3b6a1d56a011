// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "objectives/criterion.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

/// Generalised binary cross-entropy (Petrov and Macdonald 2023): BCE whose positive term is turned
/// down by beta = t alpha + (1 - t), alpha = k / (n - 1), so that t = 1 is calibrated.
class Gbce final : public Criterion {
 public:
  explicit Gbce(const CriterionContext& context) : clamped_(context.clamped) {
    const double alpha =
        static_cast<double>(context.candidates) / static_cast<double>(context.num_items - 1);
    check_usage(
        context.candidates >= 1 && alpha <= 1.0,
        "objective.negatives = {}: gBCE needs 1 to {} negatives (the catalogue has {} items)",
        context.candidates, context.num_items - 1, context.num_items);
    beta_ = context.gbce_t * alpha + (1.0 - context.gbce_t);
  }

  double apply(ScoreRow<float> row) const override { return run(row); }
  double apply(ScoreRow<double> row) const override { return run(row); }

 private:
  template <typename T>
  double run(ScoreRow<T> row) const {
    if (!clamped_) return weighted_bce(row, beta_);
    return weighted_bce(row, [this](double score) { return clamped_term(score); });
  }

  /// The original's route in float64: the positive logit s is replaced by
  /// ln(1 / (sigma(s)^-beta - 1)), each stage clamped. Equal to the direct form inside the clamps,
  /// without gradient outside of them (below s = -23.03 and above about 21.8).
  PositiveTerm clamped_term(double score) const {
    constexpr double kEpsilon = 1e-10;
    constexpr double kLargest = std::numeric_limits<double>::max();
    const double u = sigmoid(score);
    const double uc = std::clamp(u, kEpsilon, 1.0 - kEpsilon);
    const double v = std::pow(uc, -beta_);
    const double vc = std::clamp(v, 1.0 + kEpsilon, kLargest);
    const double w = 1.0 / (vc - 1.0);
    const double wc = std::clamp(w, kEpsilon, kLargest);
    const double gamma = std::log(wc);
    const bool flat = u != uc || v != vc || w != wc;
    // d gamma / d s = w beta v (1 - u); d softplus(-gamma) / d gamma = -sigma(-gamma)
    const double slope = flat ? 0.0 : wc * beta_ * vc * (1.0 - uc);
    return {softplus(-gamma), -sigmoid(-gamma) * slope};
  }

  double beta_ = 1.0;
  bool clamped_ = false;
};

std::unique_ptr<Criterion> make(const CriterionContext& context) {
  return std::make_unique<Gbce>(context);
}

}  // namespace

extern const CriterionInfo gbce_criterion;
const CriterionInfo gbce_criterion{
    "gbce", "1/(k+1) [ beta softplus(-s+) + sum_j softplus(s_j) ], beta = t k/(n-1) + 1 - t",
    "Petrov and Macdonald, RecSys 2023", &make};

}  // namespace truenext
