// SPDX-License-Identifier: Apache-2.0
#include "train/loop/train_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace truenext {
namespace {

/// Epoch after which a run with these validations stops, as the trainer asks: before every epoch.
int64_t last_epoch(TrainState& state, int64_t patience, const std::vector<double>& validations) {
  for (const double value : validations) {
    if (state.out_of_patience(patience)) break;
    state.complete_epoch();
    state.judge(value);
  }
  return state.epoch;
}

TEST(TrainState, ABetterEpochStartsPatienceAnew) {
  TrainState state;
  EXPECT_EQ(last_epoch(state, 2, {0.5, 0.4, 0.6, 0.3, 0.2, 0.9}), 5);
  EXPECT_EQ(state.best_epoch, 3);
  EXPECT_EQ(state.best_value, 0.6);
  EXPECT_EQ(state.stale, 2);
}

TEST(TrainState, AsGoodAsTheBestIsNotBetter) {
  TrainState state;
  EXPECT_EQ(last_epoch(state, 2, {0.5, 0.5, 0.5, 0.9}), 3);
  EXPECT_EQ(state.best_epoch, 1);
}

TEST(TrainState, AValidationOfZeroIsBetterThanNone) {
  TrainState state;
  state.complete_epoch();
  EXPECT_TRUE(state.judge(0));
  EXPECT_FALSE(state.judge(0));
  EXPECT_EQ(state.best_epoch, 1);
}

TEST(TrainState, ItsCountersAreReadWithoutTheWeights) {
  const test::TemporaryFolder folder;
  ParameterSet parameters({{"table", {3, 2}, Start::table}});
  Adam adam(parameters, TrainOptions());
  TrainState state;
  state.step = 7;
  for (const bool finished : {false, true}) {
    state.finished = finished;
    save_checkpoint(folder / "last.safetensors", state, parameters, adam);
    const TrainState read = load_counters(folder / "last.safetensors");
    EXPECT_EQ(read.step, 7);
    EXPECT_EQ(read.finished, finished);
  }
  folder.write("other.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
  EXPECT_THROW(load_counters(folder / "other.safetensors"), Error);
}

TEST(TrainState, WithoutPatienceItGoesOn) {
  TrainState state;
  EXPECT_EQ(last_epoch(state, 0, {0.5, 0.4, 0.3, 0.2, 0.1}), 5);
}

}  // namespace
}  // namespace truenext
