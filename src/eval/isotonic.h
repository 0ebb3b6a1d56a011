// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "eval/reliability.h"
#include "inference/calibration.h"

namespace truenext {

/// The non-decreasing curve nearest to the share of hits at each prediction, weighted by pairs:
/// pool adjacent violators (Ayer et al., 1955), for calibration Zadrozny and Elkan, KDD 2002. One
/// point for each pool: its mean prediction and share of hits. `cells` by ascending prediction.
std::vector<CurvePoint> isotonic_curve(const std::vector<ReliabilityCell>& cells);

/// `start`, which must be normalised, with the curve fitted to the pairs of the queries (first
/// held-out item against all other candidates). Data Error when there are no pairs.
Calibration fit_isotonic(const Scorer& scorer, const Queries& queries, const Calibration& start,
                         WorkerPool& pool);

}  // namespace truenext
