// SPDX-License-Identifier: Apache-2.0
#include "eval/candidate_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"

namespace truenext {
namespace {

/// Scores held at a time by one worker, and queries.
constexpr int64_t kScores = int64_t{4} << 20;
constexpr int64_t kQueries = 64;

/// Scratch of a lane.
struct Lane {
  std::vector<float> scores;
  std::vector<int32_t> items;
  std::vector<float> kept;
};

CandidateRow make_row(const Queries& queries, int64_t query, std::span<float> scores, bool exclude,
                      Lane* lane) {
  if (exclude) {
    for (const int32_t item : queries.histories.row(query)) {
      scores[static_cast<size_t>(item)] = -std::numeric_limits<float>::infinity();
    }
  }
  const bool asked = queries.targets.size() > 0 && queries.targets.row_size(query) > 0;
  const int32_t target = asked ? queries.targets.row(query)[0] : -1;
  lane->items.clear();
  lane->kept.clear();
  CandidateRow row;
  row.query = query;
  for (size_t item = 0; item < scores.size(); ++item) {
    const float score = scores[item];
    check_data(!std::isnan(score) && score < std::numeric_limits<float>::infinity(),
               "the model scores item number {} with {}: training diverged or the file is damaged; "
               "train again with a lower learning rate",
               item, score);
    if (std::isinf(score)) continue;
    if (static_cast<int32_t>(item) == target) row.next = std::ssize(lane->items);
    lane->items.push_back(static_cast<int32_t>(item));
    lane->kept.push_back(score);
  }
  row.items = lane->items;
  row.scores = lane->kept;
  return row;
}

}  // namespace

void visit_candidates(const Scorer& scorer, const Queries& queries, bool exclude_seen,
                      WorkerPool& pool, const RowVisitor& visit) {
  const int64_t count = queries.histories.size();
  const int64_t items = scorer.num_items();
  const int64_t block = std::clamp(kScores / std::max<int64_t>(items, 1), int64_t{1}, kQueries);
  pool.run(kLanes, [&](int64_t number, int) {
    Lane lane;
    const int64_t last = count * (number + 1) / kLanes;
    for (int64_t begin = count * number / kLanes; begin < last; begin += block) {
      if (interrupted()) throw Error(ExitCode::interrupted, "calibration stopped by the user");
      const int64_t end = std::min(last, begin + block);
      lane.scores.resize(static_cast<size_t>((end - begin) * items));
      scorer.score(queries, begin, end, lane.scores.data());
      for (int64_t query = begin; query < end; ++query) {
        const std::span<float> scores(lane.scores.data() + (query - begin) * items,
                                      static_cast<size_t>(items));
        visit(number, make_row(queries, query, scores, exclude_seen, &lane));
      }
    }
  });
}

std::vector<double> log_normalisers(const Scorer& scorer, const Queries& queries,
                                    const Calibration& calibration, WorkerPool& pool) {
  std::vector<double> normalisers(static_cast<size_t>(queries.histories.size()), 0.0);
  if (!calibration.normalised) return normalisers;  // no pass over the catalogue needed
  visit_candidates(
      scorer, queries, calibration.exclude_seen, pool, [&](int64_t, const CandidateRow& row) {
        normalisers[static_cast<size_t>(row.query)] = calibration.log_normaliser(row.scores);
      });
  return normalisers;
}

}  // namespace truenext
