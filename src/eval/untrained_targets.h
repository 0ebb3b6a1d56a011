// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "eval/evaluator.h"
#include "eval/horizon.h"

namespace truenext {

/// The ranks of one horizon without the held-out items that training never met. No model can have
/// learnt anything about those; how many there are is a property of the split.
struct TrainedTargets {
  int64_t untrained = 0;   ///< targets that were left out
  int64_t targets = 0;     ///< those that are left
  RankedTargets ranked{};  ///< of the users that have one left, a row each
};

/// `counts[item]` is how often an item stands in training parts. The other targets keep their
/// ranks: an item that was never met stays a candidate.
TrainedTargets trained_targets(const Queries& queries, const RankedTargets& ranked,
                               std::span<const int64_t> counts);

}  // namespace truenext
