// SPDX-License-Identifier: Apache-2.0
#include "eval/score_blocks.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"

namespace truenext {
namespace {

/// Whole rows: at most so many scores at a time, and so many queries.
constexpr int64_t kWholeScores = int64_t{16} << 20;
constexpr int64_t kWholeQueries = 64;
/// Ranges: more queries reuse a range of the table more often, fewer share out better. With 256
/// queries x 512 items, d = 128, the product runs at 215 GFLOP/s, with 64 at 150 to 180.
constexpr int64_t kMostQueries = 256;
constexpr int64_t kFewestQueries = 16;
constexpr int64_t kShareOut = 4;  ///< blocks wanted per worker
/// A share of the catalogue that pays for encoding the queries twice.
constexpr int64_t kShareItems = int64_t{1} << 16;

int64_t block_rows(const Scorer& scorer, int64_t queries, int workers) {
  if (scorer.scores_ranges()) {
    return std::clamp(queries / (kShareOut * workers), kFewestQueries, kMostQueries);
  }
  const int64_t items = std::max<int64_t>(1, scorer.num_items());
  return std::clamp(kWholeScores / items, int64_t{1}, kWholeQueries);
}

/// Rows that score() made, for scorers that know nothing else.
class WholeRows final : public BlockScores {
 public:
  WholeRows(float* scores, int64_t items) : scores_(scores), items_(items) {}
  float at(int64_t query, int32_t item) const override { return scores_[query * items_ + item]; }
  Rows range(int64_t first, int64_t) override { return {scores_ + first, items_}; }

 private:
  float* scores_;
  int64_t items_;
};

}  // namespace

std::unique_ptr<BlockScores> Scorer::block(const Queries& queries, int64_t begin, int64_t end,
                                           std::vector<float>& memory) const {
  memory.resize(static_cast<size_t>((end - begin) * num_items()));
  score(queries, begin, end, memory.data());
  return std::make_unique<WholeRows>(memory.data(), num_items());
}

Exclusions::Exclusions(const Queries& queries, const BlockTask& task, bool exclude_seen,
                       const ItemSet* eligible)
    : eligible_(eligible) {
  std::vector<int32_t> items;
  for (int64_t query = task.begin; query < task.end; ++query) {
    items.clear();
    if (exclude_seen) {
      const auto history = queries.histories.row(query);
      const auto targets =
          queries.targets.size() > 0 ? queries.targets.row(query) : std::span<const int32_t>();
      items.assign(history.begin(), history.end());
      std::sort(items.begin(), items.end());
      items.erase(std::unique(items.begin(), items.end()), items.end());
      std::erase_if(items, [&](int32_t item) {
        return std::find(targets.begin(), targets.end(), item) != targets.end();
      });
    }
    items_.add_row(items);
  }
}

void Exclusions::apply(int64_t query, int64_t first, int64_t last, float* scores) const {
  if (eligible_ != nullptr) eligible_->mask(first, last, kExcluded, scores);
  const std::span<const int32_t> items = items_.row(query);
  for (auto item = std::lower_bound(items.begin(), items.end(), first);
       item != items.end() && *item < last; ++item) {
    scores[*item - first] = kExcluded;
  }
}

std::vector<BlockTask> block_tasks(const Scorer& scorer, int64_t queries, int workers) {
  const int64_t rows = block_rows(scorer, queries, workers);
  std::vector<BlockTask> tasks;
  for (int64_t begin = 0; begin < queries; begin += rows) {
    tasks.push_back({begin, std::min(queries, begin + rows), 0, scorer.num_items()});
  }
  return tasks;
}

std::vector<BlockTask> cut_tasks(const Scorer& scorer, int64_t queries, int workers) {
  const std::vector<BlockTask> blocks = block_tasks(scorer, queries, workers);
  if (!scorer.scores_ranges() || std::ssize(blocks) >= workers) return blocks;
  const int64_t items = scorer.num_items();
  const int64_t parts = std::clamp<int64_t>(items / kShareItems, 1, workers);
  std::vector<BlockTask> tasks;
  for (const BlockTask& block : blocks) {
    for (int64_t part = 0; part < parts; ++part) {
      tasks.push_back({block.begin, block.end, items * part / parts, items * (part + 1) / parts});
    }
  }
  return tasks;
}

void run_blocks(const Scorer& scorer, const Queries& queries, const std::vector<BlockTask>& tasks,
                WorkerPool& pool, const BlockBody& body) {
  std::vector<std::vector<float>> memory(static_cast<size_t>(pool.threads()));
  pool.run(static_cast<int64_t>(tasks.size()), [&](int64_t number, int worker) {
    if (interrupted()) throw Error(ExitCode::interrupted, "evaluation stopped by the user");
    const BlockTask& task = tasks[static_cast<size_t>(number)];
    const auto scores =
        scorer.block(queries, task.begin, task.end, memory[static_cast<size_t>(worker)]);
    body(task, number, *scores);
  });
}

}  // namespace truenext
