// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "eval/evaluator.h"
#include "net/weight_set.h"
#include "train/loop/run_log.h"
#include "train/loop/train_request.h"
#include "train/loop/train_state.h"
#include "train/loop/training_parts.h"
#include "train/loop/validator.h"
#include "train/ranks/ranks.h"
#include "train/steps/device_engine.h"

namespace truenext {

/// Judges the epochs of a run by validation and writes the model of the best one. Where an average
/// of the weights is kept, both sets are validated and the better counts (decision 0032). With
/// train.valid_sample most epochs are validated on a sample of users; the best by the sample is
/// kept aside, and confirmed on all at the next full validation (decision 0033).
class Judge {
 public:
  /// Everything is borrowed. `device` is null on tiles.
  Judge(const TrainRequest& request, const TrainingParts& parts, const Validator& validator,
        DeviceEngine* device, Ranks& ranks);

  /// Sets of weights of this run, the raw ones first.
  const std::vector<WeightSet>& sets() const { return sets_; }
  /// The set that stands for the run where nothing chooses.
  WeightSet usual_set() const { return sets_.back(); }

  /// call(scorer of one set) on the first rank, its result on all. All rows must be in step.
  double by_scorer(WeightSet set, const std::function<double(const Scorer&)>& call) const;

  /// Judges the epoch that the state has completed, takes note of it in `state` and in `log` (null
  /// on the other ranks), and returns what there is to say of it.
  std::string judge(TrainState& state, RunLog* log) const;

  /// Whether the epoch that the state has completed is validated on all users.
  bool is_full(const TrainState& state) const;

 private:
  using Measure = std::function<double(const Scorer&)>;
  std::string keep_last(TrainState& state, bool writes) const;
  /// Every set of the epoch; the better is its value.
  ValidationRecord measure(const TrainState& state, const Measure& call) const;
  std::string judge_sample(TrainState& state, RunLog* log) const;
  std::string judge_all(TrainState& state, RunLog* log) const;
  void confirm(TrainState& state, RunLog* log) const;
  void write_model(WeightSet set, const std::string& validation, bool candidate, bool writes) const;
  std::string set_text(WeightSet set) const;
  std::string validation_text(double value, int64_t epoch, WeightSet set) const;
  /// What the file of the best epoch by the sample says of itself.
  std::string candidate_text(const TrainState& state) const;
  std::string values_text(const ValidationRecord& record) const;
  std::filesystem::path candidate_file() const;

  const TrainRequest& request_;
  const TrainingParts& parts_;
  const Validator& validator_;
  DeviceEngine* device_;
  Ranks& ranks_;
  std::vector<WeightSet> sets_;
};

}  // namespace truenext
