// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "eval/evaluator.h"
#include "kernels/kernels.h"

namespace upnext {
namespace {

constexpr int64_t kBlockRows = 64;
constexpr int64_t kBlockScores = int64_t{16} << 20;
constexpr float kExcluded = -std::numeric_limits<float>::infinity();

int64_t block_rows(int64_t num_items) {
  return std::clamp(kBlockScores / std::max<int64_t>(num_items, 1), int64_t{1}, kBlockRows);
}

/// Calls body(query, scores of that query) for all queries, with seen items already excluded.
template <typename Body>
void for_each_row(const Scorer& scorer, const Queries& queries, bool exclude_seen, WorkerPool& pool,
                  const Body& body) {
  const int64_t items = scorer.num_items();
  const int64_t rows = block_rows(items);
  const int64_t count = queries.histories.size();
  std::vector<std::vector<float>> buffers(static_cast<size_t>(pool.threads()));
  pool.run((count + rows - 1) / rows, [&](int64_t block, int worker) {
    if (interrupted()) throw Error(ExitCode::interrupted, "evaluation stopped by the user");
    std::vector<float>& scores = buffers[static_cast<size_t>(worker)];
    scores.resize(static_cast<size_t>(rows * items));
    const int64_t begin = block * rows;
    const int64_t end = std::min(count, begin + rows);
    scorer.score(queries, begin, end, scores.data());
    std::vector<float> kept;
    for (int64_t query = begin; query < end; ++query) {
      float* row = scores.data() + (query - begin) * items;
      if (exclude_seen) {
        // Targets keep their scores even when they were seen: they are what is looked for.
        kept.clear();
        const auto targets =
            queries.targets.size() > 0 ? queries.targets.row(query) : std::span<const int32_t>();
        for (const int32_t target : targets) kept.push_back(row[target]);
        for (const int32_t item : queries.histories.row(query)) row[item] = kExcluded;
        for (size_t i = 0; i < targets.size(); ++i) row[targets[i]] = kept[i];
      }
      body(query, row);
    }
  });
}

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

int64_t rank_of(std::span<const int32_t> targets, size_t index, const float* row, int64_t items,
                const Protocol& protocol, int32_t user) {
  const int32_t target = targets[index];
  const float value = row[target];
  if (value == kExcluded) return kNeverRanked;
  check_data(!std::isnan(value),
             "a score is not a number: the model has diverged or its file is "
             "damaged; train again with a lower learning rate");
  const kernels::Counts counts = kernels::count_above(items, row, value);
  if (protocol.ties == TieRule::lower_id) {
    return counts.greater + kernels::count_above(target, row, value).equal;
  }
  int64_t earlier = 0;  // targets of this user with the same score stay in time order
  int64_t tied = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (row[targets[i]] != value) continue;
    ++tied;
    if (i < index) ++earlier;
  }
  if (counts.equal == 1) return counts.greater;
  // One draw per group of ties, or two of its targets could come out at the same place.
  const uint64_t stream =
      (static_cast<uint64_t>(user) << 32) ^ static_cast<uint64_t>(counts.greater);
  return counts.greater + place_among_ties(counts.equal - tied, protocol, stream) + earlier;
}

/// The k best of a row. Kept as a heap whose front is the worst of the kept; stretches without a
/// better score, soon most of them, are passed over by counting.
void select_top(const float* row, int64_t items, int64_t k, std::vector<ScoredItem>* best) {
  constexpr int64_t kStretch = 64;
  const auto better = [](const ScoredItem& a, const ScoredItem& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  };
  best->clear();
  float threshold = kExcluded;
  for (int64_t begin = 0; begin < items; begin += kStretch) {
    const int64_t end = std::min(items, begin + kStretch);
    if (kernels::count_above(end - begin, row + begin, threshold).greater == 0) continue;
    for (int64_t item = begin; item < end; ++item) {
      if (!(row[item] > threshold)) continue;  // an equal score of a higher item never enters
      if (static_cast<int64_t>(best->size()) == k) {
        std::pop_heap(best->begin(), best->end(), better);
        best->pop_back();
      }
      best->push_back({static_cast<int32_t>(item), row[item]});
      std::push_heap(best->begin(), best->end(), better);
      if (static_cast<int64_t>(best->size()) == k) threshold = best->front().score;
    }
  }
  std::sort(best->begin(), best->end(), better);
}

}  // namespace

Jagged<int64_t> rank_targets(const Scorer& scorer, const Queries& queries, const Protocol& protocol,
                             WorkerPool& pool) {
  Jagged<int64_t> ranks;
  ranks.offsets = queries.targets.offsets;
  ranks.values.resize(queries.targets.values.size());
  for_each_row(scorer, queries, protocol.exclude_seen, pool, [&](int64_t query, const float* row) {
    const auto targets = queries.targets.row(query);
    int64_t* out = ranks.values.data() + ranks.offsets[static_cast<size_t>(query)];
    for (size_t i = 0; i < targets.size(); ++i) {
      out[i] = rank_of(targets, i, row, scorer.num_items(), protocol,
                       queries.users[static_cast<size_t>(query)]);
    }
  });
  return ranks;
}

Jagged<ScoredItem> top_items(const Scorer& scorer, const Queries& queries, int64_t k,
                             bool exclude_seen, WorkerPool& pool) {
  const int64_t count = queries.histories.size();
  std::vector<std::vector<ScoredItem>> rows(static_cast<size_t>(count));
  if (k > 0) {
    for_each_row(scorer, queries, exclude_seen, pool, [&](int64_t query, const float* row) {
      select_top(row, scorer.num_items(), k, &rows[static_cast<size_t>(query)]);
    });
  }
  Jagged<ScoredItem> best;
  for (const auto& row : rows) best.add_row(row);
  return best;
}

}  // namespace upnext
