// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "run/run_config.h"
#include "train/loop/judge.h"
#include "train/loop/run_log.h"
#include "train/loop/train_request.h"
#include "train/loop/train_state.h"
#include "train/loop/training_parts.h"
#include "train/loop/validator.h"
#include "train/loop/watch.h"
#include "train/ranks/ranks.h"
#include "train/steps/device_engine.h"
#include "train/steps/step_engine.h"

namespace truenext {

/// Usage Error where objective.observation, whose tables one process keeps, is asked of several.
void check_observation(const ObjectiveOptions& objective, const Ranks& ranks);

/// Owns the loop and nothing else: epochs, validation, early stopping, checkpoints, best model.
class Trainer {
 public:
  /// Opens the dataset, makes the model, and restores the checkpoint when `request.resume` is set.
  /// All `ranks` train the same model and are given the same request; the first one validates and
  /// writes the files. `ranks` must outlive the trainer.
  explicit Trainer(const TrainRequest& request, Ranks& ranks = solo_ranks());

  /// Trains to the end; throws Error with ExitCode::interrupted after saving when one of the ranks
  /// is asked to stop, on all of them after the same step.
  TrainResult fit();

 private:
  void begin();
  /// Removes a folder of stages of the run before, unless this one reads something in it.
  void remove_unless_read(const char* name) const;
  void open_run();
  void run_epoch();
  void after_step(double loss, const Batch& batch);
  void finish_epoch();
  void log_epoch();
  /// Does `work`, which changes the state and writes the log, wholly or, interrupted, not at all.
  void undo_if_interrupted(const std::function<void()>& work);
  bool epoch_is_judged() const;
  void measure_epoch();
  void judge_epoch();
  void warn_of_plateau();
  void watch();
  void save();
  void stop_if_interrupted();
  int64_t total_steps() const;
  bool out_of_patience() const;
  bool is_done() const;
  bool was_validated() const;
  void warn_at_the_start() const;
  void warn_at_the_end() const;
  TrainResult result() const;

  Ranks& ranks_;
  TrainRequest request_;
  RunConfig& config_;
  TrainingParts parts_;
  std::unique_ptr<DeviceEngine> device_;  ///< of a run that is not on tiles
  StepEngine& engine_;
  Validator validator_;
  Judge judge_;
  Watch watch_;
  TrainState state_;
  std::unique_ptr<RunLog> log_;  ///< of the first rank only
  double session_start_ = 0;
  double seconds_before_ = 0;
  int64_t session_positions_ = 0;
  bool had_finished_ = false;
  bool warned_plateau_ = false;
  std::string epoch_text_;
};

}  // namespace truenext
