// SPDX-License-Identifier: Apache-2.0
#include "eval/calibration_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "eval/candidate_rows.h"

namespace truenext {
namespace {

constexpr int kMostEvaluations = 60;
constexpr double kLowest = 1e-3, kHighest = 1e3;

/// Sums of e^(a l - top), with l and l^2 as weights, in any order of arrival.
struct ExpMoments {
  double top = -1e300;
  double sum = 0, first = 0, second = 0;

  void add(double exponent, double value) {
    if (exponent > top) rescale(exponent);
    const double weight = std::exp(exponent - top);
    sum += weight;
    first += weight * value;
    second += weight * value * value;
  }
  void add(const ExpMoments& other) {
    if (other.top > top) rescale(other.top);
    const double factor = std::exp(other.top - top);
    sum += factor * other.sum;
    first += factor * other.first;
    second += factor * other.second;
  }
  double log_sum() const { return top + std::log(sum); }
  double mean() const { return first / sum; }
  double variance() const { return std::max(0.0, second / sum - mean() * mean()); }

 private:
  void rescale(double to) {
    const double factor = std::exp(top - to);
    sum *= factor;
    first *= factor;
    second *= factor;
    top = to;
  }
};

/// What one lane of queries adds to a likelihood.
struct LaneSums {
  Likelihood likelihood;
  ExpMoments pooled;   ///< log link: all candidates of all queries
  double targets = 0;  ///< sum of l over held-out items
  int64_t used = 0;    ///< held-out items that are candidates
};

void add_normalised(const Calibration& start, const CandidateRow& row, double scale,
                    LaneSums* sums) {
  if (row.next < 0) return;
  ++sums->used;
  ExpMoments moments;
  for (const float score : row.scores) {
    const double value = start.link_log_probability(static_cast<double>(score));
    moments.add(scale * value, value);
  }
  const double target =
      start.link_log_probability(static_cast<double>(row.scores[static_cast<size_t>(row.next)]));
  sums->likelihood.value += scale * target - moments.log_sum();
  sums->likelihood.slope[0] += target - moments.mean();
  sums->likelihood.bend[0] -= moments.variance();
}

void add_pooled(const Calibration& start, const CandidateRow& row, double scale, LaneSums* sums) {
  for (const float score : row.scores) {
    const double value = static_cast<double>(score) - start.offset;
    sums->pooled.add(scale * value, value);
  }
  if (row.next < 0) return;
  ++sums->used;
  sums->targets += static_cast<double>(row.scores[static_cast<size_t>(row.next)]) - start.offset;
}

void add_logistic(const Calibration& start, const CandidateRow& row, const Maximum& at,
                  LaneSums* sums) {
  Likelihood& likelihood = sums->likelihood;
  for (size_t i = 0; i < row.scores.size(); ++i) {
    const double value = static_cast<double>(row.scores[i]) - start.offset;
    const double x = at.scale * value + at.shift;
    const double e = std::exp(-std::abs(x));
    const double p = x >= 0 ? 1 / (1 + e) : e / (1 + e);
    const double hit = static_cast<int64_t>(i) == row.next ? 1.0 : 0.0;
    likelihood.value += hit * x - std::max(x, 0.0) - std::log1p(e);
    likelihood.slope[0] += (hit - p) * value;
    likelihood.slope[1] += hit - p;
    const double weight = p * (1 - p);
    likelihood.bend[0] -= weight * value * value;
    likelihood.bend[1] -= weight * value;
    likelihood.bend[2] -= weight;
  }
  sums->used += row.next >= 0 ? 1 : 0;
}

class Fit {
 public:
  Fit(const Scorer& scorer, const Queries& queries, const Calibration& start, WorkerPool& pool)
      : scorer_(scorer), queries_(queries), start_(start), pool_(pool) {}

  bool pooled() const { return !start_.normalised && start_.link == LinkKind::log; }

  Likelihood evaluate(double scale, double shift) {
    std::vector<LaneSums> lanes(static_cast<size_t>(kLanes));
    Maximum at;
    at.scale = scale;
    at.shift = shift;
    visit_candidates(scorer_, queries_, start_.exclude_seen, pool_,
                     [&](int64_t lane, const CandidateRow& row) {
                       LaneSums* sums = &lanes[static_cast<size_t>(lane)];
                       if (start_.normalised) {
                         add_normalised(start_, row, scale, sums);
                       } else if (pooled()) {
                         add_pooled(start_, row, scale, sums);
                       } else {
                         add_logistic(start_, row, at, sums);
                       }
                     });
    total_ = {};
    for (const LaneSums& lane : lanes) add(lane);
    check_data(total_.used > 0,
               "no user has a validation item that is a candidate: there is nothing to fit the "
               "probabilities to; prepare the data with a validation part (--valid 1)");
    if (start_.normalised || pooled()) total_.likelihood.bend[2] = -1;  // does not depend on shift
    if (pooled()) profile(scale);
    return total_.likelihood;
  }

  int64_t used() const { return total_.used; }
  /// The best shift at the scale of the last evaluation, log link.
  double profiled_shift() const {
    return std::log(static_cast<double>(total_.used)) - total_.pooled.log_sum();
  }

 private:
  void add(const LaneSums& lane) {
    Likelihood& likelihood = total_.likelihood;
    likelihood.value += lane.likelihood.value;
    for (size_t i = 0; i < 2; ++i) likelihood.slope[i] += lane.likelihood.slope[i];
    for (size_t i = 0; i < 3; ++i) likelihood.bend[i] += lane.likelihood.bend[i];
    total_.pooled.add(lane.pooled);
    total_.targets += lane.targets;
    total_.used += lane.used;
  }

  /// The Poisson likelihood with its best shift put in: a sum of z over held-out items minus their
  /// number times ln sum e^(a z), up to a constant.
  void profile(double scale) {
    const auto count = static_cast<double>(total_.used);
    Likelihood& likelihood = total_.likelihood;
    likelihood.value = scale * total_.targets - count * total_.pooled.log_sum();
    likelihood.slope[0] = total_.targets - count * total_.pooled.mean();
    likelihood.bend[0] = -count * total_.pooled.variance();
  }

  const Scorer& scorer_;
  const Queries& queries_;
  const Calibration start_;
  WorkerPool& pool_;
  LaneSums total_;
};

}  // namespace

Maximum maximise(const std::function<Likelihood(double scale, double shift)>& likelihood) {
  Maximum at;
  Likelihood here = likelihood(at.scale, at.shift);
  at.evaluations = 1;
  while (at.evaluations < kMostEvaluations && !at.converged) {
    const auto [aa, ab, bb] = here.bend;
    const double determinant = aa * bb - ab * ab;
    // Flat in some direction: nothing more to gain along it that Newton could see.
    if (!(determinant > 1e-12 * std::abs(aa * bb)) || aa >= 0) break;
    double step_scale = -(bb * here.slope[0] - ab * here.slope[1]) / determinant;
    double step_shift = -(aa * here.slope[1] - ab * here.slope[0]) / determinant;
    // A step that would leave the positive scales stops half way to the border.
    const double room = step_scale < 0 ? 0.5 * at.scale : 2 * at.scale;
    const double part = std::min(1.0, room / std::max(std::abs(step_scale), 1e-300));
    step_scale *= part;
    step_shift *= part;
    for (;;) {
      const double scale = std::clamp(at.scale + step_scale, kLowest, kHighest);
      const double shift = at.shift + step_shift;
      at.converged = std::abs(scale - at.scale) <= 1e-7 * at.scale &&
                     std::abs(shift - at.shift) <= 1e-7 * (1 + std::abs(at.shift));
      if (at.converged || at.evaluations >= kMostEvaluations) break;
      const Likelihood there = likelihood(scale, shift);
      ++at.evaluations;
      if (there.value >= here.value - 1e-12 * std::abs(here.value)) {
        at.scale = scale;
        at.shift = shift;
        here = there;
        break;
      }
      step_scale /= 2;
      step_shift /= 2;
    }
  }
  // At a border of the range there is no optimum, only an end.
  at.converged = at.converged && at.scale > kLowest && at.scale < kHighest;
  return at;
}

CalibrationFit fit_calibration(const Scorer& scorer, const Queries& queries,
                               const Calibration& start, WorkerPool& pool) {
  Fit fit(scorer, queries, start, pool);
  const Maximum best =
      maximise([&](double scale, double shift) { return fit.evaluate(scale, shift); });
  CalibrationFit result;
  result.calibration = start;
  result.calibration.scale = best.scale;
  result.calibration.shift = best.shift;
  if (fit.pooled()) {
    fit.evaluate(best.scale, 0);
    result.calibration.shift = fit.profiled_shift();
  }
  result.calibration.users = fit.used();
  result.used = fit.used();
  result.evaluations = best.evaluations;
  result.converged = best.converged;
  return result;
}

}  // namespace truenext
