// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "net/parameters.h"
#include "net/weight_set.h"
#include "train/optimise/optimizer.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// Every counter of a run: saved and restored as one object, nothing about progress lives
/// elsewhere.
struct TrainState {
  int64_t epoch = 0;          ///< completed epochs
  int64_t batch = 0;          ///< completed batches of the running epoch
  int64_t step = 0;           ///< completed steps
  double epoch_loss = 0;      ///< of the running epoch: sum of batch losses times their divisors
  int64_t epoch_divisor = 0;  ///< sum of these: what the epoch's loss is a mean over
  int64_t epoch_positions = 0;
  double best_value = -1;
  int64_t best_epoch = 0;
  WeightSet best_set = WeightSet::raw;  ///< of which the best value is
  int64_t stale = 0;                    ///< validations since the best one
  // Of validations on a sample (train.valid_sample), which then count for `stale`.
  double sample_value = -1;
  int64_t sample_epoch = 0;
  WeightSet sample_set = WeightSet::raw;
  bool sample_confirmed = false;  ///< on all users
  bool finished = false;
  uint64_t metrics_bytes = 0;  ///< length of metrics.jsonl
  uint64_t events_bytes = 0;   ///< length of the TensorBoard file
  double seconds = 0;          ///< spent training and validating, over all sessions

  double mean_epoch_loss() const {
    return epoch_divisor > 0 ? epoch_loss / static_cast<double>(epoch_divisor) : 0;
  }
  void complete_epoch() {
    ++epoch;
    batch = epoch_divisor = epoch_positions = 0;
    epoch_loss = 0;
  }
  /// Takes note of the validation of an epoch on all users; whether it is the best so far.
  bool improves(double value, int64_t of_epoch, WeightSet set) {
    if (!(value > best_value)) return false;  // nor where it is not a number
    best_value = value;
    best_epoch = of_epoch;
    best_set = set;
    return true;
  }
  /// The same of the epoch that was completed, where every validation is on all.
  bool judge(double value, WeightSet set = WeightSet::raw) {
    const bool best = improves(value, epoch, set);
    stale = best ? 0 : stale + 1;
    return best;
  }
  /// The same on the sample.
  bool judge_sample(double value, WeightSet set) {
    const bool best = value > sample_value;
    stale = best ? 0 : stale + 1;
    if (!best) return false;
    sample_value = value;
    sample_epoch = epoch;
    sample_set = set;
    sample_confirmed = false;
    return true;
  }
  /// After `patience` validations in a row without a better one; 0 = never.
  bool out_of_patience(int64_t patience) const { return patience > 0 && stale >= patience; }
};

/// Weights, moments and counters, written to `path` at once (write, fsync, rename) by rank 0, which
/// the others send their rows of divided tables. The file does not show who kept what. All ranks
/// make this call; all rows must be in step (Adam::catch_up_all).
void save_checkpoint(const std::filesystem::path& path, const TrainState& state,
                     const ParameterSet& parameters, const Adam& adam, Ranks& ranks = solo_ranks());

/// Restores what save_checkpoint() wrote, of divided tables the rows that are kept here; data Error
/// naming what does not fit.
TrainState load_checkpoint(const std::filesystem::path& path, ParameterSet& parameters, Adam& adam);

/// The counters of a checkpoint alone; data Error when it is none.
TrainState load_counters(const std::filesystem::path& path);

}  // namespace truenext
