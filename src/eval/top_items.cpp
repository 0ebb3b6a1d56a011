// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstddef>

#include "eval/block_ranker.h"
#include "eval/evaluator.h"
#include "eval/score_blocks.h"
#include "kernels/compact.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

/// The k best of the items shown so far, which come in ascending order. What is better than the
/// worst of the k best is collected until there are twice as many, then the worse half is dropped:
/// with long lists half the work of a heap. Stretches without a better score, soon most of them,
/// are passed over by comparing.
class BestItems {
 public:
  /// At least one, of a catalogue of so many items.
  BestItems(int64_t k, int64_t items) : k_(static_cast<size_t>(std::min(k, items))) {}

  void show(int64_t first, std::span<const float> scores) {
    show(first, scores, [](int32_t, float score) { return score; });
  }
  /// The same of numbers that scores do not exceed; exact(item, number) is the score.
  template <typename Exact>
  void show(int64_t first, std::span<const float> numbers, const Exact& exact) {
    constexpr size_t kStretch = 64;
    for (size_t begin = 0; begin < numbers.size(); begin += kStretch) {
      const auto stretch = numbers.subspan(begin, std::min(kStretch, numbers.size() - begin));
      // An equal score of a higher item never enters.
      uint64_t better = kernels::mask_above(std::ssize(stretch), stretch.data(), threshold_);
      for (; better != 0; better &= better - 1) {
        const auto i = static_cast<size_t>(std::countr_zero(better));
        const auto item = static_cast<int32_t>(first + static_cast<int64_t>(begin + i));
        const float score = exact(item, stretch[i]);
        if (score > threshold_) add(item, score);
      }
    }
  }
  /// How many of the scores, or of numbers above them, are better than the worst of the kept.
  int64_t count_better(std::span<const float> scores) const {
    return kernels::count_above(std::ssize(scores), scores.data(), threshold_).greater;
  }
  /// Puts the best in the order of lists; nothing is shown afterwards.
  void finish() {
    std::sort(kept_.begin(), kept_.end(), ranks_before);
    kept_.resize(std::min(kept_.size(), k_));
  }
  const std::vector<ScoredItem>& kept() const { return kept_; }

 private:
  void add(int32_t item, float score) {
    kept_.push_back({item, score});
    if (kept_.size() < 2 * k_) return;
    const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(kept_.begin(), last, kept_.end(), ranks_before);
    threshold_ = last->score;
    kept_.resize(k_);
  }

  size_t k_;
  std::vector<ScoredItem> kept_;  ///< not ordered
  float threshold_ = kExcluded;   ///< no more than the score of the k-th best
};

/// Calls look(first, last) for the stretches of at most `range` items that are not excluded as a
/// whole, until it is false. What a filter takes out is passed over by groups of the compact table.
template <typename Look>
bool for_each_stretch(const BlockTask& task, const Exclusions& exclusions, int64_t range,
                      const Look& look) {
  const auto group_end = [&](int64_t item) {
    return std::min(task.last, (item / kernels::kCompactGroup + 1) * kernels::kCompactGroup);
  };
  for (int64_t first = task.first; first < task.last;) {
    const int64_t next = group_end(first);
    if (exclusions.whole(first, next)) {
      first = next;
      continue;
    }
    int64_t last = next;
    while (last < task.last && last - first < range && !exclusions.whole(last, group_end(last))) {
      last = group_end(last);
    }
    if (!look(first, last)) return false;
    first = last;
  }
  return true;
}

/// One query whose scores have ceilings: looks at scores only where a ceiling is high enough, and
/// at all of a range where that is so for many items. False when there are no ceilings.
bool show_below_ceilings(const BlockTask& task, const Exclusions& exclusions, BlockScores& scores,
                         BestItems* best) {
  constexpr int64_t kRange = 4096;
  constexpr int64_t kMany = 8;  // one item alone costs about as much as so many of a range
  return for_each_stretch(task, exclusions, kRange, [&](int64_t first, int64_t last) {
    const auto in_range = [&](float* row) {
      exclusions.apply(0, first, last, row);
      return std::span<const float>(row, static_cast<size_t>(last - first));
    };
    const BlockScores::Rows bounds = scores.ceilings(first, last);
    if (bounds.scores == nullptr) return false;
    const auto ceilings = in_range(bounds.scores);
    const int64_t high = best->count_better(ceilings);
    if (high * kMany > last - first) {
      best->show(first, in_range(scores.range(first, last).scores));
    } else if (high > 0) {
      best->show(first, ceilings, [&](int32_t item, float) { return scores.at(0, item); });
    }
    return true;
  });
}

}  // namespace

Jagged<ScoredItem> top_items(const Scorer& scorer, const Queries& queries, int64_t k,
                             bool exclude_seen, WorkerPool& pool, const ItemSet* eligible) {
  if (scorer.ranker() != nullptr && k > 0 && eligible == nullptr) {
    return best_by(*scorer.ranker(), queries, k, exclude_seen);
  }
  const int64_t count = queries.histories.size();
  const auto tasks = cut_tasks(scorer, k > 0 ? count : 0, pool.threads());
  std::vector<std::vector<BestItems>> found(tasks.size());
  const auto work = [&](const BlockTask& task, int64_t number, BlockScores& scores) {
    std::vector<BestItems>& best = found[static_cast<size_t>(number)];
    best.assign(static_cast<size_t>(task.end - task.begin),
                BestItems(k, std::max<int64_t>(1, scorer.num_items())));
    const Exclusions exclusions(queries, task, exclude_seen, eligible);
    if (task.end - task.begin > 1 ||
        !show_below_ceilings(task, exclusions, scores, &best.front())) {
      for_each_range(task, exclusions, scores,
                     [&](int64_t query, int64_t first, std::span<const float> row) {
                       best[static_cast<size_t>(query)].show(first, row);
                     });
    }
    for (BestItems& each : best) each.finish();
  };
  run_blocks(scorer, queries, tasks, pool, work);
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
    // In order already, unless the parts of a catalogue that was cut meet here.
    if (!std::is_sorted(row.begin(), row.end(), ranks_before)) {
      std::sort(row.begin(), row.end(), ranks_before);
    }
    row.resize(std::min(row.size(), static_cast<size_t>(std::max<int64_t>(k, 0))));
    best.add_row(row);
  }
  return best;
}

}  // namespace truenext
