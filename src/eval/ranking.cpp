// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "eval/block_ranker.h"
#include "eval/evaluator.h"
#include "eval/score_blocks.h"
#include "eval/target_ranks.h"

namespace truenext {
namespace {

void count(std::span<const float> scores, int64_t first, Target* target) {
  const auto size = static_cast<int64_t>(scores.size());
  const kernels::Counts here = kernels::count_above(size, scores.data(), target->score);
  target->counts.greater += here.greater;
  target->counts.equal += here.equal;
  if (here.equal == 0) return;
  const int64_t lower = std::clamp<int64_t>(target->item - first, 0, size);
  target->lower_equal += kernels::count_above(lower, scores.data(), target->score).equal;
}

}  // namespace

Jagged<int64_t> rank_targets(const Scorer& scorer, const Queries& queries, const Protocol& protocol,
                             WorkerPool& pool) {
  if (scorer.ranker() != nullptr) return rank_by(*scorer.ranker(), queries, protocol);
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

}  // namespace truenext
