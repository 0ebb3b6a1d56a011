// SPDX-License-Identifier: Apache-2.0
#include "eval/block_ranker.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"

namespace truenext {

void for_each_block(const BlockRanker& ranker, const Queries& queries,
                    const std::function<void(int64_t begin, int64_t end)>& visit) {
  const int64_t count = queries.histories.size();
  const int64_t rows = ranker.most_queries();
  for (int64_t begin = 0; begin < count; begin += rows) {
    if (interrupted()) throw Error(ExitCode::interrupted, "evaluation stopped by the user");
    visit(begin, std::min(count, begin + rows));
  }
}

Jagged<int64_t> rank_by(const BlockRanker& ranker, const Queries& queries,
                        const Protocol& protocol) {
  Jagged<int64_t> ranks;
  std::vector<int64_t> row;
  for_each_block(ranker, queries, [&](int64_t begin, int64_t end) {
    const Jagged<Target> targets = ranker.count(queries, begin, end, protocol);
    for (int64_t query = begin; query < end; ++query) {
      const auto own = targets.row(query - begin);
      row.clear();
      for (size_t i = 0; i < own.size(); ++i) {
        row.push_back(rank_of(own, i, protocol, queries.users[static_cast<size_t>(query)]));
      }
      ranks.add_row(row);
    }
  });
  return ranks;
}

Jagged<ScoredItem> best_by(const BlockRanker& ranker, const Queries& queries, int64_t k,
                           bool exclude_seen) {
  Jagged<ScoredItem> lists;
  for_each_block(ranker, queries, [&](int64_t begin, int64_t end) {
    const Jagged<ScoredItem> best = ranker.best(queries, begin, end, k, exclude_seen);
    for (int64_t row = 0; row < best.size(); ++row) lists.add_row(best.row(row));
  });
  return lists;
}

}  // namespace truenext
