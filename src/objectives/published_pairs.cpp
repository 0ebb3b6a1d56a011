// SPDX-License-Identifier: Apache-2.0
// BPR, BPR-max, TOP1 and TOP1-max as the code of Li et al. 2023 writes them: the logarithm inside
// BPR-max's sum, no sigma around TOP1's square, a mean where TOP1-max has a sum. Kept for
// comparison with their numbers (docs/objectives.md), so in plain double arithmetic.
#include "objectives/criterion.h"
#include "objectives/pairwise.h"

namespace truenext {
namespace {

constexpr double kEpsilon = 1e-10;

/// A positive r against the negatives s with weights a (their softmax, or all 1): loss
/// 1/k sum_j term(r, s_j, a_j) with its three derivatives.
struct Term {
  double value = 0, by_positive = 0, by_negative = 0, by_weight = 0;
};

/// -ln(1e-10 + a sigma(r - s))
Term bpr_term(double r, double s, double a) {
  const double u = sigmoid(r - s);
  const double inside = kEpsilon + a * u;
  const double slope = a * u * sigmoid(s - r) / inside;
  return {-std::log(inside), -slope, slope, -u / inside};
}

/// a (sigma(s - r) + s^2)
Term top1_term(double r, double s, double a) {
  const double u = sigmoid(s - r);
  const double slope = a * u * sigmoid(r - s);
  return {a * (u + s * s), -slope, slope + 2 * a * s, u + s * s};
}

class PublishedPairs final : public PairCriterion<PublishedPairs> {
 public:
  enum class Weights { one, softmax };
  PublishedPairs(Term (*term)(double, double, double), Weights weights)
      : term_(term), weights_(weights) {}

  template <typename T>
  double loss(const Pairs<T>& pairs) const {
    if (weights_ == Weights::softmax) {
      softmax_share(pairs);
    } else {
      std::fill(pairs.share.begin(), pairs.share.end(), T(1));
    }
    double loss = 0;
    for (size_t p = 0; p < pairs.positives.size(); ++p) loss += add(pairs, p);
    return loss;
  }

 private:
  template <typename T>
  double add(const Pairs<T>& pairs, size_t p) const {
    const double factor = pairs.weights[p] / static_cast<double>(pairs.count());
    const double r = static_cast<double>(pairs.positives[p]);
    double loss = 0, by_positive = 0, mean_by_weight = 0;
    for (size_t j = 0; j < pairs.negatives.size(); ++j) {
      const double a = static_cast<double>(pairs.share[j]);
      const Term term = term_(r, static_cast<double>(pairs.negatives[j]), a);
      loss += factor * term.value;
      by_positive += factor * term.by_positive;
      mean_by_weight += a * term.by_weight;
      pairs.grads[j] += static_cast<T>(factor * term.by_negative);
      pairs.value[j] = static_cast<T>(term.by_weight);
    }
    pairs.positive_grads[p] = static_cast<T>(by_positive);
    if (weights_ == Weights::one) return loss;
    // Through the weights: da_i/ds_j = a_i ([i = j] - a_j).
    for (size_t j = 0; j < pairs.negatives.size(); ++j) {
      pairs.grads[j] += static_cast<T>(factor * static_cast<double>(pairs.share[j]) *
                                       (static_cast<double>(pairs.value[j]) - mean_by_weight));
    }
    return loss;
  }

  Term (*term_)(double, double, double);
  Weights weights_;
};

using Weights = PublishedPairs::Weights;

std::unique_ptr<Criterion> make_bpr(const CriterionContext&) {
  return std::make_unique<PublishedPairs>(bpr_term, Weights::one);
}
std::unique_ptr<Criterion> make_bpr_max(const CriterionContext&) {
  return std::make_unique<PublishedPairs>(bpr_term, Weights::softmax);
}
std::unique_ptr<Criterion> make_top1(const CriterionContext&) {
  return std::make_unique<PublishedPairs>(top1_term, Weights::one);
}
std::unique_ptr<Criterion> make_top1_max(const CriterionContext&) {
  return std::make_unique<PublishedPairs>(top1_term, Weights::softmax);
}

const char* const kSource = "code of Li et al. 2023";

}  // namespace

extern const CriterionInfo bpr_published_criterion;
extern const CriterionInfo bpr_max_published_criterion;
extern const CriterionInfo top1_published_criterion;
extern const CriterionInfo top1_max_published_criterion;
const CriterionInfo bpr_published_criterion{
    "bpr-published", "1/k sum_j -ln(1e-10 + sigma(s+ - s_j))", kSource, &make_bpr};
const CriterionInfo bpr_max_published_criterion{
    "bpr-max-published", "1/k sum_j -ln(1e-10 + a_j sigma(s+ - s_j)), a = softmax of the negatives",
    kSource, &make_bpr_max};
const CriterionInfo top1_published_criterion{
    "top1-published", "1/k sum_j [ sigma(s_j - s+) + s_j^2 ]", kSource, &make_top1};
const CriterionInfo top1_max_published_criterion{
    "top1-max-published", "1/k sum_j a_j [ sigma(s_j - s+) + s_j^2 ], a = softmax of the negatives",
    kSource, &make_top1_max};

}  // namespace truenext
