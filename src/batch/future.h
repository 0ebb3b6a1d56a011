// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/options.h"

namespace truenext {

/// Targets of a position: the next `future_items` items of the user's training part, each with a
/// weight that says how relevant it is (Bacciu et al. 2023, "Integrating Item Relevance in Training
/// Loss for Sequential Recommender Systems"). The plain next item is future_items = 1.
struct FutureOptions {
  int64_t future_items = 1;         ///< P
  std::string relevance = "fixed";  ///< fixed | linear | power | exponential
  std::string normalise = "mean1";  ///< mean1 | sum1 | original
  std::string edge = "keep";        ///< keep | renormalise: weights near the end of a sequence
  std::string repeats = "sum";      ///< sum | nearest: weight of an item twice among the P

  void list(OptionList& options);
};

/// Weights of the nearest, second, ... last of P future items. With x = P, P - 1, ..., 1:
/// fixed 1, linear x, power x^2, exponential e^x, then scaled so that they add up to P ("mean1":
/// the shape changes, the balance with the negatives does not), to 1 ("sum1", the paper's figure)
/// or divided by P(P+1)/2 whatever the shape, fixed staying 1 ("original", the published code).
class RelevanceWeights {
 public:
  /// Usage Error when an option is unknown or the combination makes no sense.
  explicit RelevanceWeights(const FutureOptions& options);

  int64_t future_items() const { return static_cast<int64_t>(rows_.size()); }
  /// For a position with `available` (1..P) items left: the first of the P weights, scaled to the
  /// sum that `available` items of mean1 or sum1 have when the edge is renormalised.
  std::span<const float> of(int64_t available) const { return rows_[available - 1]; }

 private:
  std::vector<std::vector<float>> rows_;
};

}  // namespace truenext
