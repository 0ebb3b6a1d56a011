// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "inference/calibration.h"

namespace truenext {

/// A concave function of (scale, shift) with its first and second derivatives.
struct Likelihood {
  double value = 0;
  std::array<double, 2> slope{};
  std::array<double, 3> bend{};  ///< scale-scale, scale-shift, shift-shift
};
/// Where it is largest: Newton steps, halved while they lead down, with scale kept in [1e-3, 1e3].
/// A function that does not depend on shift says so by bend {_, 0, -1} and slope {_, 0}.
struct Maximum {
  double scale = 1, shift = 0;
  int64_t evaluations = 0;
  bool converged = false;
};
Maximum maximise(const std::function<Likelihood(double scale, double shift)>& likelihood);

/// Fits scale and shift of `start` (its link, offset, method and candidates stay) to the first
/// held-out item of every query by maximum likelihood:
///  - normalised: sum of ln p of the held-out items; one parameter, the temperature 1 / scale
///    (Guo et al., ICML 2017, for the softmax of all candidates). Queries whose held-out item is
///    no candidate say nothing;
///  - independent, logistic link: every (query, candidate) is a draw that is 1 for the held-out
///    item, two parameters (Platt, 1999);
///  - independent, log link: the same draws as Poisson counts, which is what they are for small p;
///    at the maximum predictions add up to the number of held-out items.
/// Data Error when nothing can be learned: no query, or none whose held-out item is a candidate.
struct CalibrationFit {
  Calibration calibration;
  int64_t used = 0;         ///< queries whose held-out item is a candidate
  int64_t evaluations = 0;  ///< passes over all queries
  bool converged = false;
};
CalibrationFit fit_calibration(const Scorer& scorer, const Queries& queries,
                               const Calibration& start, WorkerPool& pool);

}  // namespace truenext
