// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "inference/calibration.h"

namespace truenext {

/// The candidates of one query with their scores, and which of them came next.
struct CandidateRow {
  int64_t query = 0;
  std::span<const int32_t> items;  ///< ascending
  std::span<const float> scores;   ///< finite, one per item
  int64_t next = -1;               ///< place of the first held-out item in items, -1 = no candidate
};

/// Queries are worked in so many contiguous lanes, whatever the number of threads: sums kept per
/// lane and added in the order of lanes have the same bits everywhere.
constexpr int64_t kLanes = 16;

/// Shows every query once; queries of a lane in order and never at the same time. Candidates are
/// all items, or all but those of the history, that the scorer knows (a score above minus
/// infinity); unlike in ranking, a held-out item gets no favour. Data Error at NaN.
using RowVisitor = std::function<void(int64_t lane, const CandidateRow& row)>;
void visit_candidates(const Scorer& scorer, const Queries& queries, bool exclude_seen,
                      WorkerPool& pool, const RowVisitor& visit);

/// Calibration::log_normaliser over the candidates of every query.
std::vector<double> log_normalisers(const Scorer& scorer, const Queries& queries,
                                    const Calibration& calibration, WorkerPool& pool);

}  // namespace truenext
