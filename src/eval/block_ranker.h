// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/jagged.h"
#include "eval/evaluator.h"
#include "eval/target_ranks.h"

namespace truenext {

/// Counts and selects where the scores are made, so that they need not travel: what a scorer on a
/// GPU offers (torch/device_scorer.h). Queries are those of begin..end-1, at most most_queries()
/// of them; a row of a result belongs to each.
class BlockRanker {
 public:
  virtual ~BlockRanker() = default;

  virtual int64_t most_queries() const = 0;
  /// The held-out items with their scores and what is counted for them over the whole catalogue,
  /// as Protocol::exclude_seen says. Target::lower_equal only where the rule for ties asks for it.
  virtual Jagged<Target> count(const Queries& queries, int64_t begin, int64_t end,
                               const Protocol& protocol) const = 0;
  /// The k best items in the order of top_items().
  virtual Jagged<ScoredItem> best(const Queries& queries, int64_t begin, int64_t end, int64_t k,
                                  bool exclude_seen) const = 0;
  /// Scores of a few items: `items` has a row for each query, and so has the result.
  virtual std::vector<float> scores_at(const Queries& queries, int64_t begin, int64_t end,
                                       const Jagged<int32_t>& items) const = 0;
};

/// visit(begin, end) for all queries, block after block. Interrupted: Error.
void for_each_block(const BlockRanker& ranker, const Queries& queries,
                    const std::function<void(int64_t begin, int64_t end)>& visit);

/// rank_targets() by a ranker.
Jagged<int64_t> rank_by(const BlockRanker& ranker, const Queries& queries,
                        const Protocol& protocol);
/// top_items() by a ranker.
Jagged<ScoredItem> best_by(const BlockRanker& ranker, const Queries& queries, int64_t k,
                           bool exclude_seen);

}  // namespace truenext
