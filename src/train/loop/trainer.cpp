// SPDX-License-Identifier: Apache-2.0
#include "train/loop/trainer.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/resources.h"
#include "base/work.h"
#include "data/data_place.h"
#include "eval/result_names.h"
#include "kernels/kernels.h"
#include "train/devices/devices.h"
#include "train/loop/initial_weights.h"
#include "train/loop/pretraining_stage.h"
#include "train/loop/progress.h"
#include "train/loop/run_model.h"
#include "train/loop/stage.h"
#include "train/loop/start_summary.h"
#include "train/loop/teacher_stage.h"
#include "train/loop/weak_run.h"
#include "train/loop/window_warning.h"

namespace truenext {
namespace {

/// A device moves every row in every step.
int64_t deferred_rows(const TrainRequest& request) {
  return on_tiles(request.device) ? request.deferred_rows : std::numeric_limits<int64_t>::max();
}

std::unique_ptr<DeviceEngine> device_engine(const TrainRequest& request, TrainingParts& parts,
                                            const Ranks& ranks) {
  if (on_tiles(request.device)) return nullptr;
  check_usage(ranks.size() == 1,
              "--device {}: one process trains on one device; start it without mpirun, or train "
              "on the CPU",
              request.device);
  check_usage(!parts.pretext,
              "--device {}: pretraining runs on the CPU; leave --device out, or pretrain as a "
              "stage (pretrain.epochs), after which the training goes to the device",
              request.device);
  const ObjectiveOptions& objective = request.config.objective;
  check_usage(objective.observation == 0 && objective.temperature == 1,
              "--device {}: objective.observation and objective.temperature are for training on "
              "the CPU; leave --device out",
              request.device);
  return devices().engine(request.device, parts, request.config.train);
}

}  // namespace

void check_observation(const ObjectiveOptions& objective, const Ranks& ranks) {
  check_usage(objective.observation == 0 || ranks.size() == 1,
              "objective.observation = {}: it is computed by one process; start it without mpirun, "
              "or set it to 0 (teachers.observation to false)",
              objective.observation);
}

Trainer::Trainer(const TrainRequest& request, Ranks& ranks)
    : ranks_(ranks),
      request_(request),
      config_(request_.config),
      parts_(config_, request.threads, deferred_rows(request), table_share(request, ranks)),
      device_(device_engine(request, parts_, ranks)),
      engine_(device_ ? static_cast<StepEngine&>(*device_) : parts_.engine),
      validator_(parts_.dataset, config_, parts_.pool),
      judge_(request_, parts_, validator_, device_.get(), ranks_),
      watch_(parts_.dataset, config_, parts_.pool) {
  check_observation(config_.objective, ranks_);
  parts_.engine.divide_among(ranks_);
  config_.model = parts_.model->options();
}

int64_t Trainer::total_steps() const {
  return config_.train.epochs * parts_.batcher.batches_per_epoch();
}

void Trainer::begin() {
  const std::filesystem::path checkpoint = request_.run / "checkpoint" / "last.safetensors";
  if (request_.resume) {
    state_ = load_checkpoint(checkpoint, parts_.model->parameters(), parts_.adam);
    had_finished_ = state_.finished && is_done();
    if (!had_finished_) {
      log_info("resuming after epoch {}, step {}{}", state_.epoch, state_.step,
               judge_.sets().size() > 1 ? ", the raw weights and their average" : "");
    }
    state_.finished = false;
  } else if (!config_.train.init_from.empty()) {
    start_from_model(config_.train.init_from, config_.train, parts_, ranks_);
  } else if (!request_.pretrained.empty()) {
    start_from_model(request_.pretrained, config_.train, parts_, ranks_);
  }
  check_agreement(ranks_, config_text(config_), "configuration and data");
  check_agreement(ranks_, std::to_string(state_.step), "checkpoint");
  check_agreement(ranks_, request_.shard_tables ? "divided" : "whole", "option --shard-tables");
  check_agreement(ranks_, kernels::instruction_set(), "instruction set of the processors");
  if (ranks_.rank() == 0) open_run();
  session_start_ = wall_seconds();
  seconds_before_ = state_.seconds;
}

void Trainer::open_run() {
  const std::filesystem::path checkpoints = request_.run / "checkpoint";
  if (!request_.resume) {
    clear_run(request_.run);
    if (request_.pretrained.empty()) {
      std::filesystem::remove_all(request_.run / kPretrainingFolder);
    }
    remove_unless_read(kLabelFolder);
    remove_unless_read(kTeacherFolder);
  }
  make_folder(checkpoints);
  config_.data.from_run = way_from_run(request_.run, config_.data.path);
  write_file_atomically(request_.run / "config.toml", run_text(config_));
  log_ = std::make_unique<RunLog>(request_.run, !request_.resume,
                                  config_.model.time == TimeUse::request);
  if (request_.resume) {
    log_->rewind(state_);
  } else {
    log_->remember(state_);
  }
}

void Trainer::remove_unless_read(const char* name) const {
  const std::filesystem::path folder = std::filesystem::weakly_canonical(request_.run / name);
  std::vector<std::string> read = config_.labels.teachers;
  read.insert(read.end(), {config_.labels.path, config_.train.init_from});
  for (const std::string& path : read) {
    if (path.empty()) continue;
    const std::filesystem::path way =
        std::filesystem::weakly_canonical(path).lexically_relative(folder);
    if (!way.empty() && *way.begin() != "..") return;
  }
  std::filesystem::remove_all(folder);
}

bool Trainer::out_of_patience() const {
  return state_.out_of_patience(config_.train.patience);
}

bool Trainer::is_done() const {
  return state_.epoch >= config_.train.epochs || out_of_patience();
}

TrainResult Trainer::fit() {
  begin();
  log_info("{}{}", start_summary(config_, parts_, validator_),
           processes_text(*parts_.model, ranks_));
  warn_at_the_start();
  if (device_) log_info("device      {}", device_->describe());
  // Before the first epoch, unless the run had come further; of the log nothing else is that early.
  if (state_.step == 0 && state_.metrics_bytes == 0) undo_if_interrupted([&] { measure_epoch(); });
  // Asked before every epoch, so that resuming a run that had stopped changes nothing.
  while (!is_done()) {
    run_epoch();
    finish_epoch();
  }
  state_.finished = true;
  save();
  warn_at_the_end();
  return result();
}

void Trainer::warn_at_the_start() const {
  if (!log_ || had_finished_) return;
  warn_of_lost_positions(parts_.dataset, batch_options(config_));
  warn_of_few_steps(config_, parts_.batcher.num_examples(), parts_.batcher.batches_per_epoch());
}

void Trainer::warn_at_the_end() const {
  if (!log_ || !was_validated() || !validator_.at_popularity_level(state_.best_value)) return;
  log_warning("{}", weak_end_text(config_, validator_.level_text(state_.best_value),
                                  {parts_.batcher.batches_per_epoch(), out_of_patience()}));
}

bool Trainer::was_validated() const {
  return validator_.available() && state_.best_epoch > 0;
}

TrainResult Trainer::result() const {
  TrainResult result;
  result.epochs = state_.epoch;
  result.steps = state_.step;
  result.best_epoch = state_.best_epoch;
  result.best_value = state_.best_value;
  if (judge_.sets().size() > 1) result.best_weights = word_of(state_.best_set);
  result.valid_metric = was_validated() ? validator_.metric() : "";
  result.seconds = state_.seconds;
  result.positions_per_second =
      static_cast<double>(session_positions_) / std::max(1e-9, wall_seconds() - session_start_);
  result.peak_memory_bytes = peak_memory_bytes();
  result.stopped = out_of_patience() ? "patience" : "epochs";
  result.had_finished = had_finished_;
  result.processes = ranks_.size();
  result.rank = ranks_.rank();
  result.peak_memory_bytes_by_process = numbers_of_ranks(ranks_, result.peak_memory_bytes);
  return result;
}

void Trainer::run_epoch() {
  parts_.batcher.start_epoch(state_.epoch);
  const int64_t batches = parts_.batcher.batches_per_epoch();
  while (state_.batch < batches) {
    stop_if_interrupted();
    const Batch batch = parts_.batcher.make(state_.batch);
    const double loss = engine_.step(batch, state_.step, total_steps());
    after_step(loss, batch);
  }
  if (request_.progress_bar) clear_progress();
}

void Trainer::after_step(double loss, const Batch& batch) {
  ++state_.batch;
  ++state_.step;
  const int64_t divisor = parts_.divisor(batch);
  state_.epoch_loss += loss * static_cast<double>(divisor);
  state_.epoch_divisor += divisor;
  state_.epoch_positions += batch.positions;
  session_positions_ += batch.positions;
  const int64_t every = config_.train.checkpoint_steps;
  if (every > 0 && state_.step % every == 0) save();
  if (!request_.progress_bar) return;
  const double elapsed = wall_seconds() - session_start_;
  Progress progress;
  progress.epoch = state_.epoch + 1;
  progress.epochs = config_.train.epochs;
  progress.batch = state_.batch;
  progress.batches = parts_.batcher.batches_per_epoch();
  progress.loss = state_.mean_epoch_loss();
  progress.positions_per_second = static_cast<double>(session_positions_) / std::max(1e-9, elapsed);
  const double left = static_cast<double>(config_.train.epochs) *
                          static_cast<double>(parts_.batcher.positions_per_epoch()) -
                      static_cast<double>(state_.epoch * parts_.batcher.positions_per_epoch() +
                                          state_.epoch_positions);
  progress.seconds_left = left / std::max(1.0, progress.positions_per_second);
  draw_progress(progress);
}

void Trainer::undo_if_interrupted(const std::function<void()>& work) {
  if (log_) log_->remember(state_);
  const TrainState before = state_;
  try {
    work();
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted) throw;
    // Stopped while measuring: go back to the end of the last step, which can be saved.
    state_ = before;
    if (log_) log_->rewind(state_);
    stop_if_interrupted();
    throw;
  }
}

void Trainer::finish_epoch() {
  undo_if_interrupted([&] {
    log_epoch();
    measure_epoch();
  });
  save();
}

void Trainer::log_epoch() {
  const double elapsed = wall_seconds() - session_start_;
  EpochRecord record;
  record.epoch = state_.epoch + 1;
  record.step = state_.step;
  record.loss = state_.mean_epoch_loss();
  record.learning_rate = scheduled_rate(config_.train, state_.step - 1, total_steps());
  record.seconds = seconds_before_ + elapsed;
  record.positions_per_second = static_cast<double>(session_positions_) / std::max(1e-9, elapsed);
  state_.complete_epoch();
  if (log_) log_->epoch(record);
  epoch_text_ = fmt::format("epoch {}  loss {:.5f}  {} positions/s", state_.epoch, record.loss,
                            count_text(record.positions_per_second));
  if (!epoch_is_judged() && !request_.progress_bar) log_info("{}", epoch_text_);
}

bool Trainer::epoch_is_judged() const {
  return state_.epoch > 0 &&
         (state_.epoch % config_.train.valid_every == 0 || state_.epoch == config_.train.epochs);
}

void Trainer::measure_epoch() {
  const bool judged = epoch_is_judged();
  const bool watched = watch_.due(state_.epoch, config_.train.epochs);
  if (!judged && !watched) return;
  engine_.settle();
  if (judged) judge_epoch();
  if (watched) watch();
}

void Trainer::judge_epoch() {
  const std::string text = judge_.judge(state_, log_.get());
  log_info("{}{}", epoch_text_, text);
  if (was_validated()) warn_of_plateau();
}

void Trainer::warn_of_plateau() {
  // The best value moves with those on all users only.
  if (!judge_.is_full(state_)) return;
  const int64_t validations = state_.epoch / config_.train.valid_every;
  if (!log_ || warned_plateau_ || !validator_.on_plateau(state_.best_value, validations)) return;
  warned_plateau_ = true;
  log_warning("after {} epochs {}", state_.epoch,
              plateau_text(config_, validator_.level_text(state_.best_value),
                           {parts_.batcher.batches_per_epoch(), false}));
}

// Before the first step there is no average.
void Trainer::watch() {
  const WeightSet set = state_.step == 0 ? WeightSet::raw : judge_.usual_set();
  judge_.by_scorer(set, [&](const Scorer& scorer) {
    const std::vector<WatchedPart> parts = watch_.measure(scorer);
    watch_.write_users(request_.run, state_.epoch, parts);
    for (const WatchedPart& part : parts) {
      log_->watched(state_, part, judge_.sets().size() > 1 ? &set : nullptr);
      log_info("{}", watched_text(state_.epoch, part, config_.model.time == TimeUse::request));
    }
    return 0.0;
  });
}

void Trainer::save() {
  state_.seconds = seconds_before_ + wall_seconds() - session_start_;
  if (log_) log_->remember(state_);
  engine_.settle();
  save_checkpoint(request_.run / "checkpoint" / "last.safetensors", state_,
                  parts_.model->parameters(), parts_.adam, ranks_);
  if (Work* const work = current_work(); work != nullptr && ranks_.rank() == 0) {
    work->event(fmt::format(R"({{"kind":"checkpoint","run":{},"epoch":{},"step":{}}})",
                            json_text(request_.run.string()), state_.epoch, state_.step));
  }
}

void Trainer::stop_if_interrupted() {
  if (!ranks_.any(interrupted())) return;
  if (request_.progress_bar) clear_progress();
  save();
  throw Error(ExitCode::interrupted,
              fmt::format("interrupted after step {} (epoch {}); nothing is lost, continue with: "
                          "truenext train --resume {}",
                          state_.step, state_.epoch + 1,
                          (request_.stage_of.empty() ? request_.run : request_.stage_of).string()));
}

}  // namespace truenext
