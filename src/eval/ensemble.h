// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/words.h"
#include "eval/evaluator.h"
#include "eval/mixing.h"
#include "inference/model_file.h"

namespace truenext {

/// How several models answer as one (docs/ensembles.md).
enum class EnsembleRule { mean_probability, mean_logit, rank };
template <>
struct Words<EnsembleRule> {
  static constexpr std::array names = {"mean-probability", "mean-logit", "rank"};
};

struct EnsembleOptions {
  EnsembleRule rule = EnsembleRule::mean_probability;
  double temperature = 1;         ///< T, of mean-probability
  std::vector<double> weights{};  ///< one a member, any sum; empty = equal
  /// Which average of probabilities mean-probability is; no logits.
  Mixing mixing = Mixing::probability;
};

/// Scores every item by all members, which must have the same items. With weights w that add up to
/// 1, scores s_k of member k and L_k = ln sum_i e^(s_k,i / T):
///   mean-probability  T (ln sum_k w_k e^(s_k,i / T - L_k) + sum_k w_k L_k): the order is that of
///                     the averaged tempered probabilities, the unit that of the members' scores
///   mean-logit        sum_k w_k s_k,i
///   rank              minus the item's place, 1 = best, in the order of sum_k w_k r_k,i, the mean
///                     of its ranks in the members' lists of the whole catalogue; equal scores of
///                     a member share the mean of their ranks. Equal means are in the order of
///                     mean-probability at T = 1, and share the first of their places if that is
///                     equal too.
/// All are worked in double and rounded once, so members that are equal, or one alone, give the
/// ranking of one of them, ties included. A member with weight 0 is not asked. Minus infinity: an
/// item that no member (mean-logit: not every member) can recommend. Data Error when a member
/// scores an item with NaN or plus infinity. Usage Error of Mixer (eval/mixing.h), and by rank with
/// more than 2^24 items.
std::unique_ptr<Scorer> make_ensemble_scorer(std::vector<std::unique_ptr<Scorer>> members,
                                             const EnsembleOptions& options);

/// Data Error when two models do not have the same items under the same numbers, naming the first
/// that differs. The names are those of the runs, for the message.
void check_same_items(const ModelFile& first, const std::string& first_name, const ModelFile& other,
                      const std::string& other_name);

}  // namespace truenext
