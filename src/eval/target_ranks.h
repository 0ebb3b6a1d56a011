// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/evaluator.h"
#include "kernels/kernels.h"

namespace truenext {

/// One held-out item while its candidates pass by.
struct Target {
  int32_t item;
  float score;
  kernels::Counts counts{};  ///< candidates that score higher, and as high (itself included)
  int64_t lower_equal = 0;   ///< equal scores of items with lower numbers
};

/// The held-out items of a query of a block (0 = its first), nothing counted yet. Data Error when a
/// score is not a number.
std::vector<Target> targets_of(std::span<const int32_t> items, const BlockScores& scores,
                               int64_t query);

/// Rank of targets[index] once all candidates were counted; the rule for ties is the protocol's.
/// `targets` are all held-out items of the user: those that tie keep their time order.
int64_t rank_of(std::span<const Target> targets, size_t index, const Protocol& protocol,
                int32_t user);

}  // namespace truenext
