// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// What is known of the items of a catalogue, beside who met them.
struct CatalogueFacts {
  std::vector<int64_t> counts;  ///< occurrences of every item in training parts
  /// Rows of `dim` numbers that similarity is measured between; none = no diversity.
  std::span<const float> vectors{};
  int64_t dim = 0;
  int64_t stride = 0;                    ///< from one row to the next; 0 = dim
  std::span<const int32_t> vector_of{};  ///< row of every item, -1 = has none; empty = its number
  JaggedView<int32_t> attributes{};      ///< sorted or not; no rows = no attribute diversity
};

/// Qualities of lists of recommended items that do not ask who was right, at cutoff `k`: coverage,
/// gini, popularity, novelty and, where the facts allow, diversity and attribute_diversity.
/// Formulas and sources: docs/protocols.md. The last four are means over users with an interval;
/// users whose list is empty (for diversity: has fewer than two items with a vector) are left out
/// of them.
std::vector<MetricResult> beyond_accuracy(const Jagged<ScoredItem>& lists, int64_t k,
                                          const CatalogueFacts& facts);

}  // namespace truenext
