// SPDX-License-Identifier: Apache-2.0
#include "run/step_work.h"

#include <gtest/gtest.h>

#include "run/run_config.h"

namespace truenext {
namespace {

RunConfig resolved(const std::string& preset, const std::vector<std::string>& settings = {}) {
  RunConfig config;
  apply_preset(config, preset);
  apply_settings(config, settings);
  config.model.resolve();
  return config;
}

/// A batch of gSASRec on ML-1M by hand: 13,712 tokens, 2 blocks of five d x d maps, 257 candidates.
TEST(StepWork, GsasrecStepByHand) {
  const RunConfig config = resolved("gsasrec");
  const PackedSize size{128, 13712, 1060000, 13712};
  const UsefulWork work = training_work(config.model, config.objective, 3416, size);
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * 13712 * 2 * 5 * 2 * 128 * 128);
  EXPECT_DOUBLE_EQ(work.attention, 3.5 * 1060000 * 2 * 4 * 128);
  EXPECT_DOUBLE_EQ(work.scores, 3.0 * 13712 * 257 * 2 * 128);
  EXPECT_NEAR(work.total() / 1e9, 19.9, 0.1);
}

TEST(StepWork, FullCatalogueAndWiderInnerLayer) {
  const RunConfig config = resolved(
      "sasrec-ce", {"model.block=post-norm", "model.hidden_size=64", "model.num_blocks=1"});
  const PackedSize size{1, 10, 55, 9};
  const UsefulWork work = training_work(config.model, config.objective, 1000, size);
  // Four d x d maps and two of d x 4d.
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * 10 * (4 + 8) * 2 * 64 * 64);
  EXPECT_DOUBLE_EQ(work.scores, 3.0 * 9 * 1000 * 2 * 64);
}

TEST(StepWork, GruCountsGatesAndHead) {
  const RunConfig config = resolved("gru4rec-ce", {"model.gru_layers=2"});
  const PackedSize size{1, 7, 28, 7};
  const UsefulWork work = training_work(config.model, config.objective, 50, size);
  EXPECT_DOUBLE_EQ(work.attention, 0);
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * 7 * (2 * 3 * 128 * (64 + 128 + 128 + 128) + 2 * 64 * 128));
}

TEST(StepWork, InferenceNeedsOneQueryOfTheLastBlock) {
  const RunConfig config = resolved("gsasrec", {"model.num_blocks=1"});
  PackedSize size;
  size.add_sequence(1);
  const UsefulWork one = inference_work(config.model, 100, size);
  EXPECT_DOUBLE_EQ(one.linear, 5 * 2 * 128 * 128);
  EXPECT_DOUBLE_EQ(one.attention, 4 * 128);
  EXPECT_DOUBLE_EQ(one.scores, 2 * 128 * 100);
  size = {};
  size.add_sequence(200);
  EXPECT_EQ(size.pairs, 200 * 201 / 2);
  const UsefulWork long_one = inference_work(config.model, 100, size);
  EXPECT_DOUBLE_EQ(long_one.linear, (2 * 200 + 3) * 2 * 128 * 128);
  EXPECT_DOUBLE_EQ(long_one.attention, 200 * 4 * 128);
}

}  // namespace
}  // namespace truenext
