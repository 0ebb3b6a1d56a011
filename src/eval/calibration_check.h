// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "eval/reliability.h"
#include "inference/calibration.h"

namespace truenext {

/// A way to read probabilities off the scores of a model.
struct Reading {
  std::string name;
  Calibration calibration;
};

/// How good the probabilities of a reading are. Pairs are (user, candidate); a pair is a hit when
/// the candidate is the user's first held-out item.
struct ReadingQuality {
  Reading reading;
  ReliabilitySummary all;   ///< every candidate of every user
  ReliabilitySummary best;  ///< the `top` best scored candidates of every user: what is recommended
  ReliabilitySummary first;  ///< the best scored one: confidence and accuracy of Guo et al. 2017
  double mass = 0;           ///< mean over users of the sum of probabilities; 1 when they are right
  double log_loss = 0;       ///< mean -ln p of held-out items that are candidates; 0 when none is
};

struct CalibrationCheck {
  std::vector<ReadingQuality> readings;
  int64_t users = 0;
  int64_t next_no_candidate = 0;  ///< users whose held-out item is no candidate: never a hit
};

struct CalibrationCheckOptions {
  int64_t bins = 15;
  int64_t top = 10;
  bool exclude_seen = true;
};

struct CheckedScorers {
  const Scorer& model;
  const Scorer* truth = nullptr;  ///< scores with true probabilities (make_truth_scorer), or null
};

/// The same bits for any number of threads.
CalibrationCheck check_calibration(const CheckedScorers& scorers, const Queries& queries,
                                   const std::vector<Reading>& readings,
                                   const CalibrationCheckOptions& options, WorkerPool& pool);

}  // namespace truenext
