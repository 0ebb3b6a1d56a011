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

PackedSize sequences(int64_t count, int64_t length, int64_t positions) {
  PackedSize size;
  size.add_sequence(length, count);
  size.positions = positions;
  return size;
}

/// A batch like gSASRec's on ML-1M by hand: 2 blocks of five d x d maps, 257 candidates.
TEST(StepWork, GsasrecStepByHand) {
  const RunConfig config = resolved("gsasrec");
  const double tokens = 45 * 200 + 83 * 57, pairs = 45 * 200 * 201 / 2 + 83 * 57 * 58 / 2;
  PackedSize size = sequences(45, 200, 9000);
  size += sequences(83, 57, 4731);
  const UsefulWork work = training_work(config, 3416, size);
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * tokens * 2 * 5 * 2 * 128 * 128);
  EXPECT_DOUBLE_EQ(work.attention, 3.5 * pairs * 2 * 4 * 128);
  EXPECT_DOUBLE_EQ(work.scores, 3.0 * tokens * 257 * 2 * 128);
  EXPECT_NEAR(work.total() / 1e9, 19.9, 0.1);
}

TEST(StepWork, FullCatalogueAndWiderInnerLayer) {
  const RunConfig config = resolved(
      "sasrec-ce", {"model.block=post-norm", "model.hidden_size=64", "model.num_blocks=1"});
  const PackedSize size = sequences(1, 10, 9);
  const UsefulWork work = training_work(config, 1000, size);
  // Four d x d maps and two of d x 4d.
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * 10 * (4 + 8) * 2 * 64 * 64);
  EXPECT_DOUBLE_EQ(work.scores, 3.0 * 9 * 1000 * 2 * 64);
}

TEST(StepWork, GruCountsGatesAndHead) {
  const RunConfig config = resolved("gru4rec-ce", {"model.gru_layers=2"});
  const PackedSize size = sequences(1, 7, 7);
  const UsefulWork work = training_work(config, 50, size);
  EXPECT_DOUBLE_EQ(work.attention, 0);
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * 7 * (2 * 3 * 128 * (64 + 128 + 128 + 128) + 2 * 64 * 128));
}

/// Blocks: a projection of keys and one of values for every token, three maps (with one head's
/// query) for trained states, whose pairs are those of the newest token.
TEST(StepWork, OnlyTrainedStatesAreUseful) {
  const double kv = 2 * 128 * 128 * 2, rest = 3 * 128 * 128 * 2;
  for (const auto& settings : std::vector<std::vector<std::string>>{{"objective.positions=last"},
                                                                    {"train.examples=prefixes"}}) {
    std::vector<std::string> one_block = settings;
    one_block.emplace_back("model.num_blocks=1");
    const RunConfig config = resolved("gsasrec", one_block);
    const UsefulWork work = training_work(config, 3416, sequences(4, 10, 4));
    EXPECT_DOUBLE_EQ(work.linear, 3.0 * 4 * (10 * kv + rest)) << settings[0];
    EXPECT_DOUBLE_EQ(work.attention, 3.5 * 4 * 10 * 4 * 128) << settings[0];
    EXPECT_DOUBLE_EQ(work.scores, 3.0 * 4 * 257 * 2 * 128) << settings[0];
  }
}

/// The state of a GRU's newest item needs all of them, the head over it does not.
TEST(StepWork, PrefixesOfAGruNeedOneHead) {
  const RunConfig config = resolved("gru4rec-ce", {"train.examples=prefixes"});
  const UsefulWork work = training_work(config, 50, sequences(2, 7, 2));
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * 2 * (7 * 2 * 3 * 128 * (64 + 128) + 2 * 64 * 128));
}

/// As many states as are hidden: here a fifth. Both ways every one of them sees all ten tokens.
TEST(StepWork, MaskedStatesByTheirShare) {
  const RunConfig config = resolved("bert4rec", {"model.num_blocks=1"});
  const UsefulWork work = training_work(config, 100, sequences(3, 10, 6));
  const double map = 2 * 64 * 64;
  EXPECT_DOUBLE_EQ(work.linear, 3.0 * (30 * 2 * map + 6 * (2 + 8 + 1) * map));
  EXPECT_DOUBLE_EQ(work.attention, 3.5 * 6 * 10 * 4 * 64);
  EXPECT_DOUBLE_EQ(work.scores, 3.0 * 6 * 100 * 2 * 64);
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
  const UsefulWork long_one = inference_work(config.model, 100, size);
  EXPECT_DOUBLE_EQ(long_one.linear, (2 * 200 + 3) * 2 * 128 * 128);
  EXPECT_DOUBLE_EQ(long_one.attention, 200 * 4 * 128);
}

/// A pass runs the padding once, whatever the number of sequences.
TEST(StepWork, PaddingIsNoWork) {
  const RunConfig seen = resolved("gru4rec-ce", {"model.padding=attend"});
  const RunConfig none = resolved("gru4rec-ce");
  const PackedSize size = sequences(3, 7, 7);
  const UsefulWork work = training_work(seen, 50, size);
  EXPECT_DOUBLE_EQ(work.linear, training_work(none, 50, size).linear);
  EXPECT_GT(work.linear, 0);
}

TEST(StepWork, SequencesAddUp) {
  const RunConfig config = resolved("gsasrec");
  PackedSize size = sequences(2, 5, 10);
  size += sequences(1, 0, 0);  // an empty one is no work
  size += sequences(1, 9, 9);
  const UsefulWork sum = training_work(config, 100, size);
  double expected = 0;
  for (const PackedSize& part : {sequences(2, 5, 10), sequences(1, 9, 9)}) {
    expected += training_work(config, 100, part).total();
  }
  EXPECT_DOUBLE_EQ(sum.total(), expected);
}

}  // namespace
}  // namespace truenext
