// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/words.h"

namespace truenext {

/// How members' scores s become one distribution over the items (CSRec): averaged tempered
/// probabilities, softmax of averaged logits, probabilities weighted by each member's largest one,
/// or the average of the first m members, the m whose average has the largest maximum.
enum class Mixing { probability, logit, confidence, early_exit };
template <>
struct Words<Mixing> {
  static constexpr std::array names = {"probability", "logit", "confidence", "early-exit"};
};

struct MixingOptions {
  Mixing mixing = Mixing::probability;
  double temperature = 1;
  std::vector<double> weights{};  ///< one a member, any sum; empty = equal, 1 each
  /// Early exit as CSRec's code has it: the chosen members' weighted sum, not divided by their
  /// weights, which is no distribution from two members on. Early exit only.
  bool running_sum = false;
};

/// Mixes rows of scores [items] of K members. With the softmax p_k of s_k / T and weights w_k:
///   probability  p = sum_k w_k p_k / sum_k w_k
///   logit        p = softmax(sum_k w_k s_k / (T sum_k w_k))
///   confidence   p = sum_k w_k c_k p_k / sum_k w_k c_k with c_k = max_i p_k,i
///   early_exit   p = P_m = sum_{k<=m} w_k p_k / sum_{k<=m} w_k in the given order, the m whose P_m
///                has the largest maximum, the first of equals
/// A row can be told in pieces once it is surveyed. Results do not depend, in any bit, on the
/// pieces. Members may be called by several threads at once.
///
/// A score of minus infinity is a probability of 0. A member all of whose scores are so has nothing
/// to say: its weight becomes 0 and those of the others are taken for the whole (with logits, where
/// its scores rule everything out, and when no member is left, all probabilities are 0). NaN or
/// plus infinity in a member that counts makes probabilities NaN.
class Mixer {
 public:
  /// Usage Error when the temperature is not above 0, a running sum is asked of another rule, or
  /// when weights are negative, not finite, not as many as members, or all 0.
  Mixer(MixingOptions options, int64_t members);

  int64_t members() const { return static_cast<int64_t>(shares_.size()); }
  const MixingOptions& options() const { return options_; }
  /// The weights, divided by their sum.
  const std::vector<double>& shares() const { return shares_; }

  /// What must be known of whole rows, rows[k] [items] of member k: weight [members] and log_sum
  /// [members], so that p_i = sum_k weight[k] e^(s_k,i / T - log_sum[k]), and with logits
  /// p_i = e^(sum_k weight[k] s_k,i / T - log_sum[0]).
  void survey(std::span<const float* const> rows, int64_t items, double* weight,
              double* log_sum) const;

  /// out [items], the probabilities of a piece of the surveyed rows: pieces[k] are the scores of
  /// member k. out may be one of the pieces.
  void probabilities(std::span<const float* const> pieces, int64_t items, const double* weight,
                     const double* log_sum, float* out) const;

 private:
  void survey_logits(std::span<const float* const> rows, int64_t items, double* weight,
                     double* log_sum) const;
  /// How many members an early exit uses.
  int64_t exit_after(std::span<const float* const> rows, int64_t items, const double* weight,
                     const double* log_sum) const;
  /// total [n] = sum_k weight[k] s_k,i / T
  void average_logits(std::span<const float* const> rows, int64_t first, int64_t n,
                      const double* weight, double* total) const;

  MixingOptions options_;
  std::vector<double> shares_;
  double per_temperature_;
};

}  // namespace truenext
