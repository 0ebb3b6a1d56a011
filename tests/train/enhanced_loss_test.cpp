// SPDX-License-Identifier: Apache-2.0
// What must be true of the losses of Li et al. 2023 whatever the data.
#include <gtest/gtest.h>

#include <cmath>

#include "base/log.h"
#include "batch/batch.h"
#include "support/small_data.h"
#include "support/tiles.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

ModelOptions post_norm() {
  ModelOptions options;
  options.block = "post-norm";
  options.hidden_size = 16;
  options.num_heads = 2;
  options.max_length = 10;
  options.dropout = 0.5;
  options.tie_embeddings = true;
  options.init = StartValues::normal_002;
  options.resolve();
  return options;
}

Objective full_softmax(TargetPositions positions, int64_t items) {
  ObjectiveOptions options;
  options.criterion = "softmax";
  options.candidates = CandidateSet::full;
  options.positions = positions;
  return Objective(options, items);
}

TEST(EnhancedLoss, OfAnUntrainedModelIsTheLogOfTheCatalogue) {
  constexpr int64_t kItems = 2000;
  const auto model = make_model(post_norm(), kItems, 3);
  const Tile tile = test::next_item_tile({{3, 1, 4, 1, 5, 9, 2}, {6, 53, 589, 1999}, {7, 8}});
  const auto gradients =
      run_tile(*model, model->parameters().readable(), full_softmax(TargetPositions::all, kItems),
               tile, {3, 0, tile.targets.size()});
  EXPECT_NEAR(gradients.loss, std::log(static_cast<double>(kItems)), 0.01 * std::log(kItems));
}

TEST(EnhancedLoss, OfUsersWithOneTargetIsCrossEntropyAtTheLastPosition) {
  const test::TemporaryFolder folder;
  set_quiet(true);
  // Leave-last 1/1: of four items two are left to train on, so there is one target each.
  std::string log;
  for (int user = 0; user < 20; ++user) {
    for (int i = 0; i < 4; ++i) {
      log += "u" + std::to_string(user) + " i" + std::to_string((7 * user + 3 * i) % 25) + "\n";
    }
  }
  const Dataset data = Dataset::open(test::prepare_pairs(folder, log));

  const auto loss = [&](TargetPositions positions) {
    BatchOptions options;
    options.target_positions = positions;
    Batcher batcher(data, options);
    batcher.start_epoch(1);
    const Batch batch = batcher.make(0);
    EXPECT_EQ(batch.positions, 20);
    const auto model = make_model(post_norm(), data.num_items(), 3);
    double sum = 0;
    for (const Tile& tile : batch.tiles) {
      sum += run_tile(*model, model->parameters().readable(),
                      full_softmax(positions, data.num_items()), tile, {3, 0, batch.positions})
                 .loss;
    }
    return sum;
  };
  EXPECT_EQ(loss(TargetPositions::all), loss(TargetPositions::last));
}

}  // namespace
}  // namespace truenext
