// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "train/loop/train_request.h"

namespace truenext::test {

/// A model small enough to train in a blink. The process that is killed and the test that resumes
/// its run must agree on every number here.
inline TrainRequest small_training(const std::filesystem::path& run,
                                   const std::filesystem::path& data) {
  TrainRequest request;
  request.config.data.path = data.string();
  request.config.model.hidden_size = 16;
  request.config.model.num_blocks = 2;
  request.config.model.num_heads = 2;
  request.config.model.max_length = 8;
  request.config.model.dropout = 0.2;
  request.config.objective.negatives = 5;
  request.config.train.epochs = 3;
  request.config.train.batch_size = 16;
  request.config.train.tile_tokens = 24;
  request.config.model.resolve();
  request.run = run;
  return request;
}

/// The run that is stopped or killed in the middle: a checkpoint after every step, and no end of
/// its own, so that nobody comes too late on a fast machine.
inline TrainRequest endless_training(const std::filesystem::path& run,
                                     const std::filesystem::path& data) {
  TrainRequest request = small_training(run, data);
  request.config.train.epochs = 1'000'000;
  request.config.train.patience = 0;
  request.config.train.checkpoint_steps = 1;
  return request;
}

}  // namespace truenext::test
