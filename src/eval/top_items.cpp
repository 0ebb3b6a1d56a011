// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "eval/evaluator.h"
#include "eval/score_blocks.h"
#include "kernels/kernels.h"

namespace upnext {
namespace {

bool better(const ScoredItem& a, const ScoredItem& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}

/// The k best of the items shown so far, which come in ascending order. Kept as a heap whose front
/// is the worst of the kept; stretches without a better score, soon most of them, are passed over
/// by counting.
class BestItems {
 public:
  explicit BestItems(int64_t k) : k_(static_cast<size_t>(k)) {}

  void show(int64_t first, std::span<const float> scores) {
    constexpr size_t kStretch = 64;
    for (size_t begin = 0; begin < scores.size(); begin += kStretch) {
      const auto stretch = scores.subspan(begin, std::min(kStretch, scores.size() - begin));
      const auto size = static_cast<int64_t>(stretch.size());
      if (kernels::count_above(size, stretch.data(), threshold_).greater == 0) continue;
      for (size_t i = 0; i < stretch.size(); ++i) {
        // An equal score of a higher item never enters.
        if (stretch[i] > threshold_) add(static_cast<int32_t>(first + begin + i), stretch[i]);
      }
    }
  }
  const std::vector<ScoredItem>& kept() const { return kept_; }

 private:
  void add(int32_t item, float score) {
    if (kept_.size() == k_) {
      std::pop_heap(kept_.begin(), kept_.end(), better);
      kept_.pop_back();
    }
    kept_.push_back({item, score});
    std::push_heap(kept_.begin(), kept_.end(), better);
    if (kept_.size() == k_) threshold_ = kept_.front().score;
  }

  size_t k_;
  std::vector<ScoredItem> kept_;
  float threshold_ = kExcluded;
};

}  // namespace

Jagged<ScoredItem> top_items(const Scorer& scorer, const Queries& queries, int64_t k,
                             bool exclude_seen, WorkerPool& pool) {
  const int64_t count = queries.histories.size();
  const auto tasks = cut_tasks(scorer, k > 0 ? count : 0, pool.threads());
  std::vector<std::vector<BestItems>> found(tasks.size());
  run_blocks(scorer, queries, tasks, pool,
             [&](const BlockTask& task, int64_t number, BlockScores& scores) {
               std::vector<BestItems>& best = found[static_cast<size_t>(number)];
               best.assign(static_cast<size_t>(task.end - task.begin), BestItems(k));
               for_each_range(task, Exclusions(queries, task, exclude_seen), scores,
                              [&](int64_t query, int64_t first, std::span<const float> row) {
                                best[static_cast<size_t>(query)].show(first, row);
                              });
             });
  std::vector<std::vector<ScoredItem>> rows(static_cast<size_t>(count));
  for (size_t number = 0; number < tasks.size(); ++number) {
    for (int64_t query = tasks[number].begin; query < tasks[number].end; ++query) {
      const auto& kept = found[number][static_cast<size_t>(query - tasks[number].begin)].kept();
      rows[static_cast<size_t>(query)].insert(rows[static_cast<size_t>(query)].end(), kept.begin(),
                                              kept.end());
    }
  }
  Jagged<ScoredItem> best;
  for (auto& row : rows) {
    std::sort(row.begin(), row.end(), better);
    row.resize(std::min(row.size(), static_cast<size_t>(std::max<int64_t>(k, 0))));
    best.add_row(row);
  }
  return best;
}

}  // namespace upnext
