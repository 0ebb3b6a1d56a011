// SPDX-License-Identifier: Apache-2.0
#include "eval/isotonic.h"

#include "base/error.h"
#include "eval/candidate_rows.h"

namespace truenext {
namespace {

double share_of_hits(const ReliabilityCell& cell) {
  return static_cast<double>(cell.hits) / static_cast<double>(cell.pairs);
}

}  // namespace

std::vector<CurvePoint> isotonic_curve(const std::vector<ReliabilityCell>& cells) {
  std::vector<ReliabilityCell> pools;
  for (const ReliabilityCell& cell : cells) {
    if (cell.pairs == 0) continue;
    pools.push_back(cell);
    while (pools.size() > 1 &&
           share_of_hits(pools[pools.size() - 2]) >= share_of_hits(pools.back())) {
      const ReliabilityCell last = pools.back();
      pools.pop_back();
      pools.back().add(last);
    }
  }
  std::vector<CurvePoint> curve;
  for (const ReliabilityCell& pool : pools) {
    curve.push_back({pool.predicted / static_cast<double>(pool.pairs), share_of_hits(pool)});
  }
  return curve;
}

Calibration fit_isotonic(const Scorer& scorer, const Queries& queries, const Calibration& start,
                         WorkerPool& pool) {
  std::vector<Reliability> lanes(static_cast<size_t>(kLanes), Reliability(1));
  visit_candidates(scorer, queries, start.exclude_seen, pool,
                   [&](int64_t lane, const CandidateRow& row) {
                     const double normaliser = start.log_normaliser(row.scores);
                     for (size_t i = 0; i < row.scores.size(); ++i) {
                       const auto score = static_cast<double>(row.scores[i]);
                       lanes[static_cast<size_t>(lane)].add(start.probability(score, normaliser),
                                                            static_cast<int64_t>(i) == row.next, 0);
                     }
                   });
  Reliability all(1);
  for (const Reliability& lane : lanes) all.add(lane);
  Calibration fitted = start;
  fitted.curve = isotonic_curve(all.grid());
  check_data(!fitted.curve.empty(),
             "no validation user has a candidate: nothing to fit a curve to");
  return fitted;
}

}  // namespace truenext
