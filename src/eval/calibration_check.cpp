// SPDX-License-Identifier: Apache-2.0
#include "eval/calibration_check.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "eval/candidate_rows.h"

namespace truenext {
namespace {

/// Sums of one reading.
struct Tally {
  explicit Tally(int64_t bins) : all(bins), best(bins), first(bins) {}

  Reliability all, best, first;
  double mass = 0, log_loss = 0;

  void add(const Tally& other) {
    all.add(other.all);
    best.add(other.best);
    first.add(other.first);
    mass += other.mass;
    log_loss += other.log_loss;
  }
};

/// Sums of one lane of queries, with its scratch.
struct LaneTallies {
  std::vector<Tally> readings;
  int64_t users = 0, next_no_candidate = 0;
  std::vector<float> truth;    ///< [items of the catalogue]
  std::vector<int64_t> order;  ///< places of a row's candidates, the best scores first
  std::vector<double> values;  ///< probabilities of a row's candidates
};

class Checker {
 public:
  Checker(const Scorer* truth, const Queries& queries, const std::vector<Reading>& readings,
          const CalibrationCheckOptions& options)
      : truth_(truth), queries_(queries), readings_(readings), options_(options) {
    check_usage(options.top >= 1, "the best {} candidates: want at least 1", options.top);
    LaneTallies empty;
    empty.readings.assign(readings.size(), Tally(options.bins));
    lanes_.assign(static_cast<size_t>(kLanes), empty);
  }

  void visit(int64_t number, const CandidateRow& row) {
    LaneTallies* lane = &lanes_[static_cast<size_t>(number)];
    ++lane->users;
    if (row.next < 0) ++lane->next_no_candidate;
    if (truth_ != nullptr) {
      lane->truth.resize(static_cast<size_t>(truth_->num_items()));
      truth_->score(queries_, row.query, row.query + 1, lane->truth.data());
    }
    const int64_t top = order_best(row, &lane->order);
    for (size_t i = 0; i < readings_.size(); ++i) {
      tally(readings_[i].calibration, row, top, lane, &lane->readings[i]);
    }
  }

  CalibrationCheck finish() const {
    LaneTallies total;
    total.readings.assign(readings_.size(), Tally(options_.bins));
    CalibrationCheck check;
    for (const LaneTallies& lane : lanes_) {
      check.users += lane.users;
      check.next_no_candidate += lane.next_no_candidate;
      for (size_t i = 0; i < readings_.size(); ++i) total.readings[i].add(lane.readings[i]);
    }
    const auto users = static_cast<double>(std::max<int64_t>(check.users, 1));
    const auto asked =
        static_cast<double>(std::max<int64_t>(check.users - check.next_no_candidate, 1));
    for (size_t i = 0; i < readings_.size(); ++i) {
      const Tally& sums = total.readings[i];
      check.readings.push_back({readings_[i], sums.all.summary(), sums.best.summary(),
                                sums.first.summary(), sums.mass / users, sums.log_loss / asked});
    }
    return check;
  }

 private:
  /// Puts the best places of a row first, ties by lower item number; returns how many. Every
  /// reading keeps the order of scores, so this is done once.
  int64_t order_best(const CandidateRow& row, std::vector<int64_t>* order) const {
    const auto size = std::ssize(row.scores);
    const int64_t top = std::min(options_.top, size);
    order->resize(static_cast<size_t>(size));
    std::iota(order->begin(), order->end(), int64_t{0});
    std::partial_sort(order->begin(), order->begin() + top, order->end(),
                      [&](int64_t a, int64_t b) {
                        const float x = row.scores[static_cast<size_t>(a)];
                        const float y = row.scores[static_cast<size_t>(b)];
                        return x != y ? x > y : a < b;
                      });
    return top;
  }

  double true_probability(const CandidateRow& row, int64_t place, const LaneTallies& lane) const {
    if (truth_ == nullptr) return 0;
    const int32_t item = row.items[static_cast<size_t>(place)];
    return static_cast<double>(lane.truth[static_cast<size_t>(item)]);
  }

  void tally(const Calibration& calibration, const CandidateRow& row, int64_t top,
             LaneTallies* lane, Tally* sums) const {
    const double normaliser = calibration.log_normaliser(row.scores);
    lane->values.resize(row.scores.size());
    for (size_t i = 0; i < row.scores.size(); ++i) {
      const auto score = static_cast<double>(row.scores[i]);
      const double p = calibration.probability(score, normaliser);
      const auto place = static_cast<int64_t>(i);
      lane->values[i] = p;
      sums->mass += p;
      sums->all.add(p, place == row.next, true_probability(row, place, *lane));
    }
    if (row.next >= 0) {
      const auto score = static_cast<double>(row.scores[static_cast<size_t>(row.next)]);
      sums->log_loss -= calibration.log_probability(score, normaliser);
    }
    for (int64_t rank = 0; rank < top; ++rank) {
      const int64_t place = lane->order[static_cast<size_t>(rank)];
      const double p = lane->values[static_cast<size_t>(place)];
      const double truth = true_probability(row, place, *lane);
      sums->best.add(p, place == row.next, truth);
      if (rank == 0) sums->first.add(p, place == row.next, truth);
    }
  }

  const Scorer* truth_;
  const Queries& queries_;
  const std::vector<Reading>& readings_;
  const CalibrationCheckOptions options_;
  std::vector<LaneTallies> lanes_;
};

}  // namespace

CalibrationCheck check_calibration(const CheckedScorers& scorers, const Queries& queries,
                                   const std::vector<Reading>& readings,
                                   const CalibrationCheckOptions& options, WorkerPool& pool) {
  Checker checker(scorers.truth, queries, readings, options);
  visit_candidates(scorers.model, queries, options.exclude_seen, pool,
                   [&](int64_t lane, const CandidateRow& row) { checker.visit(lane, row); });
  return checker.finish();
}

}  // namespace truenext
