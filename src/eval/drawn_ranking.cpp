// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>

#include "eval/block_ranker.h"
#include "eval/drawn_candidates.h"
#include "eval/score_blocks.h"
#include "eval/target_ranks.h"

namespace truenext {
namespace {

/// A user's held-out items and negatives with their scores.
struct ScoredList {
  std::vector<Target> targets;  ///< in time order, nothing counted
  std::span<const int32_t> negatives;
  std::vector<float> scores;  ///< of the negatives
};

void count(int32_t item, float score, Target* target) {
  target->counts.greater += score > target->score;
  if (score != target->score) return;
  ++target->counts.equal;
  target->lower_equal += item < target->item;
}

/// The first targets and negatives of a list: what one horizon sees of it.
struct Excerpt {
  std::vector<Target> targets;
  std::span<const int32_t> negatives;
  std::span<const float> scores;
};

Excerpt excerpt(const ScoredList& list, int64_t targets, const Protocol& protocol) {
  const auto few = static_cast<size_t>(targets);
  const int64_t wanted = wanted_negatives(protocol, targets);
  const size_t negatives = std::min(list.negatives.size(), static_cast<size_t>(wanted));
  Excerpt part{{list.targets.begin(), list.targets.begin() + targets},
               list.negatives.first(negatives),
               std::span(list.scores).first(negatives)};
  for (Target& target : part.targets) {
    for (size_t i = 0; i < few; ++i) count(list.targets[i].item, list.targets[i].score, &target);
    for (size_t i = 0; i < negatives; ++i) count(part.negatives[i], part.scores[i], &target);
  }
  return part;
}

/// Places that repeat an item, in the list by score where equal scores keep their order: held-out
/// items before negatives.
std::vector<int64_t> repeated_places(const Excerpt& part) {
  std::vector<std::pair<float, int32_t>> entries;
  for (const Target& target : part.targets) entries.emplace_back(target.score, target.item);
  for (size_t i = 0; i < part.negatives.size(); ++i) {
    entries.emplace_back(part.scores[i], part.negatives[i]);
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::unordered_set<int32_t> met;
  std::vector<int64_t> places;
  for (size_t place = 0; place < entries.size(); ++place) {
    if (!met.insert(entries[place].second).second) places.push_back(static_cast<int64_t>(place));
  }
  return places;
}

ScoredList score_list(const RankingTask& task, const BlockTask& block, int64_t query,
                      const BlockScores& scores) {
  const int64_t row = query - block.begin;
  ScoredList list{
      targets_of(task.queries.targets.row(query), scores, row), task.negatives.row(query), {}};
  for (const int32_t item : list.negatives) list.scores.push_back(scores.at(row, item));
  return list;
}

/// The candidates of a block with scores that a ranker made for them, and for nothing else.
class FetchedScores final : public BlockScores {
 public:
  FetchedScores(const RankingTask& task, const BlockRanker& ranker, int64_t begin, int64_t end) {
    std::vector<int32_t> items;
    for (int64_t query = begin; query < end; ++query) {
      const auto targets = task.queries.targets.row(query);
      const auto negatives = task.negatives.row(query);
      items.assign(targets.begin(), targets.end());
      items.insert(items.end(), negatives.begin(), negatives.end());
      std::sort(items.begin(), items.end());
      items.erase(std::unique(items.begin(), items.end()), items.end());
      items_.add_row(items);
    }
    scores_ = ranker.scores_at(task.queries, begin, end, items_);
  }

  float at(int64_t query, int32_t item) const override {
    const auto row = items_.row(query);
    const int64_t place = std::lower_bound(row.begin(), row.end(), item) - row.begin();
    return scores_[static_cast<size_t>(items_.offsets[static_cast<size_t>(query)] + place)];
  }
  Rows range(int64_t, int64_t) override { return {nullptr, 0}; }

 private:
  Jagged<int32_t> items_;  // ascending, each once
  std::vector<float> scores_;
};

/// body(block, its scores) for all queries, wherever the scorer makes them.
void for_each_scored(const Scorer& scorer, const RankingTask& task, WorkerPool& pool,
                     const std::function<void(const BlockTask&, const BlockScores&)>& body) {
  const int64_t items = scorer.num_items();
  if (const BlockRanker* ranker = scorer.ranker()) {
    for_each_block(*ranker, task.queries, [&](int64_t begin, int64_t end) {
      body({begin, end, 0, items}, FetchedScores(task, *ranker, begin, end));
    });
    return;
  }
  const int64_t count = task.queries.histories.size();
  run_blocks(scorer, task.queries, block_tasks(scorer, count, pool.threads()), pool,
             [&](const BlockTask& block, int64_t, BlockScores& scores) { body(block, scores); });
}

/// Cuts one ranking of all targets to a horizon.
RankedTargets cut(const Jagged<int64_t>& ranks, const Horizon& horizon) {
  RankedTargets result;
  for (int64_t query = 0; query < ranks.size(); ++query) {
    const auto wanted = static_cast<size_t>(horizon.targets[static_cast<size_t>(query)]);
    result.ranks.add_row(ranks.row(query).first(wanted));
  }
  return result;
}

/// Ranks and repeated places of one user at one horizon.
struct UserResult {
  std::vector<int64_t> ranks, repeats;
};

UserResult rank_excerpt(const Excerpt& part, const Protocol& protocol, int32_t user) {
  UserResult result;
  for (size_t i = 0; i < part.targets.size(); ++i) {
    result.ranks.push_back(rank_of(part.targets, i, protocol, user));
  }
  if (protocol.candidates == CandidateRule::original) result.repeats = repeated_places(part);
  return result;
}

}  // namespace

std::vector<RankedTargets> rank_horizons(const Scorer& scorer, const RankingTask& task,
                                         WorkerPool& pool) {
  std::vector<RankedTargets> results;
  if (task.protocol.is_whole_catalogue()) {
    const Jagged<int64_t> ranks = rank_targets(scorer, task.queries, task.protocol, pool);
    for (const Horizon& horizon : task.horizons) results.push_back(cut(ranks, horizon));
    return results;
  }
  const int64_t count = task.queries.histories.size();
  std::vector<std::vector<UserResult>> found(task.horizons.size(),
                                             std::vector<UserResult>(static_cast<size_t>(count)));
  for_each_scored(scorer, task, pool, [&](const BlockTask& block, const BlockScores& scores) {
    for (int64_t query = block.begin; query < block.end; ++query) {
      const ScoredList list = score_list(task, block, query, scores);
      const auto at = static_cast<size_t>(query);
      for (size_t h = 0; h < task.horizons.size(); ++h) {
        found[h][at] = rank_excerpt(excerpt(list, task.horizons[h].targets[at], task.protocol),
                                    task.protocol, task.queries.users[at]);
      }
    }
  });
  for (const auto& users : found) {
    RankedTargets& result = results.emplace_back();
    for (const UserResult& user : users) {
      result.ranks.add_row(user.ranks);
      result.repeats.add_row(user.repeats);
    }
  }
  return results;
}

}  // namespace truenext
