// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/jagged.h"
#include "eval/evaluator.h"

namespace truenext {

/// How much the lists of best items of the same users agree between two models, down to `k`: finite
/// rank-biased overlap and Jaccard similarity (list_agreement()), as means over users. A query
/// without any item in both lists is left out. `a` and `b` have the same queries in the same order.
std::vector<MetricResult> list_stability(const Jagged<ScoredItem>& a, const Jagged<ScoredItem>& b,
                                         int64_t k);

}  // namespace truenext
