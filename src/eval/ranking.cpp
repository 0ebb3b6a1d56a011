// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "eval/evaluator.h"
#include "eval/score_blocks.h"
#include "kernels/kernels.h"

namespace upnext {
namespace {

/// Where targets that tie with `others` candidates begin among them.
int64_t place_among_ties(int64_t others, const Protocol& protocol, uint64_t stream) {
  switch (protocol.ties) {
    case TieRule::half:
      return others / 2;
    case TieRule::ahead:
      return others;
    case TieRule::random: {
      RandomStream random(random_key(protocol.seed, Purpose::ties), stream);
      return random.below(static_cast<uint32_t>(others + 1));
    }
    default:
      return 0;
  }
}

/// One held-out item while the catalogue passes by.
struct Target {
  int32_t item;
  float score;
  kernels::Counts counts{};
  int64_t lower_equal = 0;  ///< equal scores of items with lower numbers
};

std::vector<Target> targets_of(std::span<const int32_t> items, const BlockScores& scores,
                               int64_t query) {
  std::vector<Target> targets;
  for (const int32_t item : items) {
    targets.push_back({item, scores.at(query, item)});
    check_data(!std::isnan(targets.back().score),
               "a score is not a number: the model has diverged or its file is "
               "damaged; train again with a lower learning rate");
  }
  return targets;
}

void count(std::span<const float> scores, int64_t first, Target* target) {
  const auto size = static_cast<int64_t>(scores.size());
  const kernels::Counts here = kernels::count_above(size, scores.data(), target->score);
  target->counts.greater += here.greater;
  target->counts.equal += here.equal;
  if (here.equal == 0) return;
  const int64_t lower = std::clamp<int64_t>(target->item - first, 0, size);
  target->lower_equal += kernels::count_above(lower, scores.data(), target->score).equal;
}

int64_t rank_of(std::span<const Target> targets, size_t index, const Protocol& protocol,
                int32_t user) {
  const Target& target = targets[index];
  const kernels::Counts& counts = target.counts;
  if (target.score == kExcluded) return kNeverRanked;
  if (protocol.ties == TieRule::lower_id) return counts.greater + target.lower_equal;
  int64_t earlier = 0;  // targets of this user with the same score stay in time order
  int64_t tied = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].score != target.score) continue;
    ++tied;
    if (i < index) ++earlier;
  }
  if (counts.equal == 1) return counts.greater;
  // One draw per group of ties, or two of its targets could come out at the same place.
  const uint64_t stream =
      (static_cast<uint64_t>(user) << 32) ^ static_cast<uint64_t>(counts.greater);
  return counts.greater + place_among_ties(counts.equal - tied, protocol, stream) + earlier;
}

}  // namespace

Jagged<int64_t> rank_targets(const Scorer& scorer, const Queries& queries, const Protocol& protocol,
                             WorkerPool& pool) {
  Jagged<int64_t> ranks;
  ranks.offsets = queries.targets.offsets;
  ranks.values.resize(queries.targets.values.size());
  const auto tasks = block_tasks(scorer, queries.histories.size(), pool.threads());
  run_blocks(
      scorer, queries, tasks, pool, [&](const BlockTask& task, int64_t, BlockScores& scores) {
        std::vector<std::vector<Target>> targets;
        for (int64_t query = task.begin; query < task.end; ++query) {
          targets.push_back(targets_of(queries.targets.row(query), scores, query - task.begin));
        }
        const Exclusions exclusions(queries, task, protocol.exclude_seen);
        for_each_range(task, exclusions, scores,
                       [&](int64_t query, int64_t first, std::span<const float> row) {
                         for (Target& target : targets[static_cast<size_t>(query)]) {
                           count(row, first, &target);
                         }
                       });
        for (int64_t query = task.begin; query < task.end; ++query) {
          const auto& own = targets[static_cast<size_t>(query - task.begin)];
          int64_t* out = ranks.values.data() + ranks.offsets[static_cast<size_t>(query)];
          for (size_t i = 0; i < own.size(); ++i) {
            out[i] = rank_of(own, i, protocol, queries.users[static_cast<size_t>(query)]);
          }
        }
      });
  return ranks;
}

}  // namespace upnext
