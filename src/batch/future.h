// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/options.h"

namespace truenext {

/// How the weight of a future item falls with its distance.
enum class Relevance { fixed, linear, power, exponential };
template <>
struct Words<Relevance> {
  static constexpr std::array names = {"fixed", "linear", "power", "exponential"};
};

/// What the weights of a position add up to, see RelevanceWeights.
enum class Normalise { mean1, sum1, original };
template <>
struct Words<Normalise> {
  static constexpr std::array names = {"mean1", "sum1", "original"};
};

/// Weights near the end of a sequence, where fewer items are left.
enum class EdgeWeights { keep, renormalise };
template <>
struct Words<EdgeWeights> {
  static constexpr std::array names = {"keep", "renormalise"};
};

/// Weight of an item that comes twice among the targets of a position.
enum class RepeatWeights { sum, nearest };
template <>
struct Words<RepeatWeights> {
  static constexpr std::array names = {"sum", "nearest"};
};

/// Targets of a position: the next `future_items` items of the user's training part, each with a
/// weight that says how relevant it is (Bacciu et al. 2023, "Integrating Item Relevance in Training
/// Loss for Sequential Recommender Systems"). The plain next item is future_items = 1.
struct FutureOptions {
  int64_t future_items = 1;  ///< P
  Relevance relevance = Relevance::fixed;
  Normalise normalise = Normalise::mean1;
  EdgeWeights edge = EdgeWeights::keep;
  RepeatWeights repeats = RepeatWeights::sum;

  void list(OptionList& options);
};

/// Weights of the nearest, second, ... last of P future items. With x = P, P - 1, ..., 1:
/// fixed 1, linear x, power x^2, exponential e^x, then scaled so that they add up to P ("mean1":
/// the shape changes, the balance with the negatives does not), to 1 ("sum1", the paper's figure)
/// or divided by P(P+1)/2 whatever the shape, fixed staying 1 ("original", the published code).
class RelevanceWeights {
 public:
  /// Usage Error when the combination makes no sense.
  explicit RelevanceWeights(const FutureOptions& options);

  int64_t future_items() const { return static_cast<int64_t>(rows_.size()); }
  /// For a position with `available` (1..P) items left: the first of the P weights, scaled to the
  /// sum that `available` items of mean1 or sum1 have when the edge is renormalised.
  std::span<const float> of(int64_t available) const { return rows_[available - 1]; }

 private:
  std::vector<std::vector<float>> rows_;
};

}  // namespace truenext
