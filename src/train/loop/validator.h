// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/thread_pool.h"
#include "data/dataset.h"
#include "eval/evaluator.h"
#include "run/run_config.h"

namespace truenext {

/// Measures the declared metric on the validation part as `evaluate` does.
class Validator {
 public:
  Validator(const Dataset& dataset, const RunConfig& config, WorkerPool& pool);

  /// False when the split has no validation items, or when the run is a pretraining.
  bool available() const { return queries_.targets.size() > 0; }
  int64_t users() const { return queries_.targets.size(); }
  /// Whether there is a sample that is smaller than that (train.valid_sample).
  bool samples() const { return sample_.targets.size() > 0; }
  int64_t sample_users() const { return sample_.targets.size(); }
  const std::string& metric() const { return label_; }
  double measure(const Scorer& scorer) const;
  double measure_sample(const Scorer& scorer) const;
  /// What ranking by popularity reaches: the level at which training is stuck when it is no better.
  double popularity_level() const { return popularity_; }
  /// Whether the best of so many validations is no better than about that.
  bool on_plateau(double best, int64_t validations) const;
  bool at_popularity_level(double best) const { return best <= popularity_; }
  /// "ndcg@10 is 0.01000, where ranking by popularity reaches 0.01200".
  std::string level_text(double best) const;

 private:
  double mean_over(const Scorer& scorer, const Queries& queries) const;

  WorkerPool& pool_;
  Protocol protocol_;
  std::vector<Metric> metrics_;
  std::string label_;
  Queries queries_, sample_;
  double popularity_ = 0;
};

}  // namespace truenext
