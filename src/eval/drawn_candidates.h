// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "eval/evaluator.h"
#include "eval/horizon.h"

namespace truenext {

CandidateRule parse_candidate_rule(
    const std::string& name);  ///< full, clean, original; usage Error
std::string candidate_rule_name(CandidateRule rule);
/// The tie rule that goes with it unless another is asked for: half, but behind for `original`.
TieRule usual_ties(CandidateRule rule);
/// What every result over drawn candidates must say.
const char* drawn_candidates_warning();

/// Length of a drawn list of candidates unless the protocol says how many negatives it wants.
constexpr int64_t kListLength = 101;

/// Negatives in the list of a user with so many held-out items; of a file, the most of a line.
int64_t wanted_negatives(const Protocol& protocol, int64_t held_out);

/// Where negatives are drawn from.
struct NegativeSource {
  JaggedView<int32_t> histories;  ///< whole sequences, held-out items included
  std::span<const SplitPoint> splits;
  int64_t num_items = 0;
  uint64_t data_key = 0;  ///< tells datasets apart; their fingerprint
};
NegativeSource negative_source(const Dataset& dataset);

/// Negatives of every query in the order in which they were drawn, as many as any horizon needs.
/// They depend on data, seed, rule, user and nothing else: neither on the model nor on who else is
/// evaluated, and shorter lists begin like longer ones. clean: distinct items outside the user's
/// whole sequence, all of them where there are not enough; original: with repetition, outside the
/// training part. No rows for the full rule.
Jagged<int32_t> draw_negatives(const NegativeSource& source, const Queries& queries,
                               const Protocol& protocol);

/// Everything a ranking needs to know but the scorer.
struct RankingTask {
  const Queries& queries;
  const Protocol& protocol;
  std::vector<Horizon> horizons;
  Jagged<int32_t> negatives;  ///< draw_negatives(), or ListedCandidates::negatives
};

/// Ranks for every horizon from one pass over the scores. Full rule: ranks are places in one list,
/// which does not change with the horizon, since later held-out items stay candidates. Otherwise
/// the candidates are the held-out items within the horizon and as many negatives as it asks for.
std::vector<RankedTargets> rank_horizons(const Scorer& scorer, const RankingTask& task,
                                         WorkerPool& pool);

}  // namespace truenext
