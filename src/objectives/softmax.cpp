// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "objectives/criterion.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

/// Softmax cross-entropy over the candidates: sum_p w_p (ln sum_i e^{s_i} - s_p). With the full
/// catalogue it is CE (called CCE when every position is trained, Li et al. 2023), with sampled
/// candidates it is the sampled softmax.
class Softmax final : public Criterion {
 public:
  double apply(ScoreRow<float> row) const override { return row.whole ? piece(row) : run(row); }
  double apply(ScoreRow<double> row) const override { return row.whole ? piece(row) : run(row); }
  void survey(std::span<float> piece, WholeRow& row) const override { add_to_sum(piece, row); }
  void survey(std::span<double> piece, WholeRow& row) const override { add_to_sum(piece, row); }
  bool needs_survey() const override { return true; }

 private:
  /// The sum is kept relative to the largest score so far (Milakov and Gimelshein 2018).
  template <typename T>
  static void add_to_sum(std::span<T> piece, WholeRow& row) {
    const double top = std::max(row.top, static_cast<double>(row_maximum(piece)));
    const double sum = shifted_exp_sum(piece, static_cast<T>(top));
    row.sum = (row.sum > 0 ? row.sum * std::exp(row.top - top) : 0) + sum;
    row.top = top;
  }

  template <typename T>
  static double piece(ScoreRow<T> row) {
    const double all = row.whole->top + std::log(row.whole->sum);
    double loss = 0;
    for (size_t p = 0; p < row.positives.size(); ++p) {
      loss += row.weights[p] * (all - static_cast<double>(row.scores[row.positives[p]]));
    }
    shifted_exp_sum(row.scores, static_cast<T>(row.whole->top));
    const T factor = static_cast<T>(row.whole->weight / row.whole->sum);
    for (T& score : row.scores) score *= factor;
    for (size_t p = 0; p < row.positives.size(); ++p) {
      row.scores[row.positives[p]] -= static_cast<T>(row.weights[p]);
    }
    return loss;
  }

  template <typename T>
  static double run(ScoreRow<T> row) {
    double weight_sum = 0;
    double positive_sum = 0;
    for (size_t p = 0; p < row.positives.size(); ++p) {
      weight_sum += row.weights[p];
      positive_sum += row.weights[p] * static_cast<double>(row.scores[row.positives[p]]);
    }
    const T shift = row_maximum(row.scores);
    const double sum = shifted_exp_sum(row.scores, shift);
    const T factor = static_cast<T>(weight_sum / sum);
    for (T& score : row.scores) score *= factor;
    for (size_t p = 0; p < row.positives.size(); ++p) {
      row.scores[row.positives[p]] -= static_cast<T>(row.weights[p]);
    }
    return weight_sum * (static_cast<double>(shift) + std::log(sum)) - positive_sum;
  }
};

std::unique_ptr<Criterion> make(const CriterionContext&) {
  return std::make_unique<Softmax>();
}

}  // namespace

extern const CriterionInfo softmax_criterion;
const CriterionInfo softmax_criterion{"softmax", "ln sum_i e^{s_i} - s+",
                                      "cross-entropy; sampled softmax when candidates are sampled",
                                      &make};

}  // namespace truenext
