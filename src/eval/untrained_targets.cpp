// SPDX-License-Identifier: Apache-2.0
#include "eval/untrained_targets.h"

#include <vector>

namespace truenext {

TrainedTargets trained_targets(const Queries& queries, const RankedTargets& ranked,
                               std::span<const int64_t> counts) {
  TrainedTargets trained;
  std::vector<int64_t> kept;
  for (int64_t query = 0; query < ranked.ranks.size(); ++query) {
    kept.clear();
    const auto ranks = ranked.ranks.row(query);
    const auto items = queries.targets.row(query);
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (counts[static_cast<size_t>(items[i])] > 0) kept.push_back(ranks[i]);
    }
    trained.untrained += std::ssize(ranks) - std::ssize(kept);
    trained.targets += std::ssize(kept);
    if (kept.empty()) continue;
    trained.ranked.ranks.add_row(kept);
    if (ranked.repeats.size() > 0) trained.ranked.repeats.add_row(ranked.repeats.row(query));
  }
  return trained;
}

}  // namespace truenext
