// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "base/thread_pool.h"
#include "eval/evaluator.h"

namespace truenext {

/// The score of an item that is no candidate.
constexpr float kExcluded = -std::numeric_limits<float>::infinity();

/// Queries begin..end-1 against items first..last-1 of the catalogue.
struct BlockTask {
  int64_t begin, end, first, last;
};

/// Items that are no candidates: those of the histories of a block, and for all of its queries
/// those that are not in `eligible` (null = all are). Targets are candidates even when they were
/// seen: they are what is looked for.
class Exclusions {
 public:
  Exclusions(const Queries& queries, const BlockTask& task, bool exclude_seen,
             const ItemSet* eligible = nullptr);
  /// Writes kExcluded into the scores of items first..last-1 of a query of the block (0 = first).
  void apply(int64_t query, int64_t first, int64_t last, float* scores) const;
  /// Whether all of the items first..last-1 are excluded for every query.
  bool whole(int64_t first, int64_t last) const {
    return eligible_ != nullptr && !eligible_->any(first, last);
  }
  /// Items of histories that are no candidates, ascending, a row for each query of the block.
  const Jagged<int32_t>& items() const { return items_; }

 private:
  Jagged<int32_t> items_;  // sorted
  const ItemSet* eligible_;
};

/// All queries, in blocks, against the whole catalogue.
std::vector<BlockTask> block_tasks(const Scorer& scorer, int64_t queries, int workers);
/// The same with large catalogues cut too when there are fewer blocks than workers; tasks of the
/// same queries follow each other in the order of their items.
std::vector<BlockTask> cut_tasks(const Scorer& scorer, int64_t queries, int workers);

/// body(task, its number, its scores) for all tasks, over the pool.
using BlockBody = std::function<void(const BlockTask& task, int64_t number, BlockScores& scores)>;
void run_blocks(const Scorer& scorer, const Queries& queries, const std::vector<BlockTask>& tasks,
                WorkerPool& pool, const BlockBody& body);

/// Items of a range for so many queries: 512 KB of scores, and no less than 512 items.
inline int64_t range_items(int64_t queries) {
  return std::max<int64_t>(512, (int64_t{1} << 17) / queries);
}

/// visit(query of the block, first item, scores of a range of items) over a task's items, range
/// after range, with exclusions applied.
template <typename Visit>
void for_each_range(const BlockTask& task, const Exclusions& exclusions, BlockScores& scores,
                    const Visit& visit) {
  const int64_t rows = task.end - task.begin;
  const int64_t step = range_items(rows);
  for (int64_t first = task.first; first < task.last; first += step) {
    const int64_t last = std::min(task.last, first + step);
    if (exclusions.whole(first, last)) continue;
    const BlockScores::Rows range = scores.range(first, last);
    for (int64_t query = 0; query < rows; ++query) {
      float* row = range.scores + query * range.stride;
      exclusions.apply(query, first, last, row);
      visit(query, first, std::span<const float>(row, static_cast<size_t>(last - first)));
    }
  }
}

}  // namespace truenext
