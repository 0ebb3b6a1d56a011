// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "inference/error_text.h"
#include "inference/model_weights.h"
#include "net/sasrec_reference.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 37;

struct Case {
  const char* block;
  int64_t dim, heads, blocks;
  PositionNumbers positions;
  PaddingUse padding;
  bool tied;
};

ModelOptions options_of(const Case& given) {
  ModelOptions options;
  options.block = given.block;
  options.hidden_size = given.dim;
  options.num_heads = given.heads;
  options.num_blocks = given.blocks;
  options.max_length = 12;
  options.positions = given.positions;
  options.padding = given.padding;
  options.tie_embeddings = given.tied;
  return options;
}

constexpr auto kNone = PaddingUse::none, kAttend = PaddingUse::attend;

const Case kCases[] = {
    {"gsasrec", 20, 1, 2, PositionNumbers::automatic, kNone, false},
    {"gsasrec", 6, 3, 1, PositionNumbers::from_start, kNone, true},
    {"pmixer", 18, 2, 2, PositionNumbers::automatic, kNone, true},
    {"pmixer", 50, 1, 3, PositionNumbers::automatic, kAttend, true},
    {"post-norm", 24, 0, 2, PositionNumbers::automatic, kNone, true},
    {"post-norm", 33, 3, 1, PositionNumbers::none, kNone, false},
    {"csrec", 16, 2, 2, PositionNumbers::automatic, kNone, true},
    {"gsasrec", 20, 2, 2, PositionNumbers::relative, kNone, true},
    {"pmixer", 18, 1, 2, PositionNumbers::relative_from_end, kNone, false},
    {"post-norm", 24, 3, 1, PositionNumbers::relative, kNone, true},
    {"hstu", 18, 0, 2, PositionNumbers::automatic, kNone, true},
    {"hstu", 20, 1, 1, PositionNumbers::none, kNone, false},
    {"res", 16, 0, 2, PositionNumbers::automatic, kNone, true},
    {"res", 12, 2, 1, PositionNumbers::relative, kNone, false},
};

class SasrecStyles : public testing::TestWithParam<Case> {
 protected:
  SasrecStyles()
      : options_(options_of(GetParam())),
        weights_(random_weights(options_, kItems)),
        encoder_(make_encoder(options_, weights_.views)) {}

  ModelOptions options_;
  ModelWeights weights_;
  std::unique_ptr<SequenceEncoder> encoder_;
};

TEST_P(SasrecStyles, AgreesWithThePlainReference) {
  const Jagged<int32_t> histories = random_histories(15, 12, kItems);
  const auto last = last_states(*encoder_, histories);
  const auto all = all_states(*encoder_, histories);
  const SasrecReference reference(options_, weights_.views);
  const int64_t d = encoder_->dim();
  for (int64_t row = 0; row < histories.size(); ++row) {
    const auto wanted = reference.encode(histories.row(row));
    for (size_t i = 0; i < wanted.size(); ++i) {
      for (int64_t c = 0; c < d; ++c) {
        const int64_t token = histories.offsets[row] + static_cast<int64_t>(i);
        ASSERT_NEAR(all[token * d + c], wanted[i][c], 2e-5) << row << " " << i << " " << c;
      }
    }
    for (int64_t c = 0; c < d; ++c) ASSERT_NEAR(last[row * d + c], wanted.back()[c], 2e-5);
  }
}

TEST_P(SasrecStyles, GivesTheSameBitsAloneAndInAnyBatch) {
  // Enough tokens for several tiles.
  const Jagged<int32_t> histories = random_histories(300, 20, kItems);
  const auto together = last_states(*encoder_, histories);
  Jagged<int32_t> reversed;
  for (int64_t row = histories.size(); row-- > 0;) reversed.add_row(histories.row(row));
  const auto backwards = last_states(*encoder_, reversed);
  const int64_t d = encoder_->dim();
  const size_t bytes = static_cast<size_t>(d) * sizeof(float);
  for (int64_t row = 0; row < histories.size(); ++row) {
    Jagged<int32_t> one;
    one.add_row(histories.row(row));
    const auto alone = last_states(*encoder_, one);
    const float* batched = together.data() + row * d;
    ASSERT_EQ(std::memcmp(alone.data(), batched, bytes), 0) << row;
    const float* other = backwards.data() + (histories.size() - 1 - row) * d;
    ASSERT_EQ(std::memcmp(alone.data(), other, bytes), 0) << row;
  }
}

TEST_P(SasrecStyles, CutsLongHistoriesToTheirNewestItems) {
  const Jagged<int32_t> histories = random_histories(20, 40, kItems);
  Jagged<int32_t> cut;
  for (int64_t row = 0; row < histories.size(); ++row) {
    const auto whole = histories.row(row);
    cut.add_row(whole.last(std::min<size_t>(whole.size(), 12)));
  }
  EXPECT_EQ(last_states(*encoder_, histories), last_states(*encoder_, cut));
}

TEST_P(SasrecStyles, LooksOnlyBackwards) {
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{1, 2, 3, 4, 5, 6});
  Jagged<int32_t> changed;
  changed.add_row(std::vector<int32_t>{1, 2, 3, 9, 5, 6});
  const auto before = all_states(*encoder_, histories);
  const auto after = all_states(*encoder_, changed);
  const int64_t d = encoder_->dim();
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 3 * d, after.begin()));
  for (int64_t i = 3; i < 6; ++i) {
    EXPECT_FALSE(
        std::equal(before.begin() + i * d, before.begin() + (i + 1) * d, after.begin() + i * d))
        << i;
  }
}

TEST_P(SasrecStyles, MayBeUsedByManyThreadsAtOnce) {
  const Jagged<int32_t> histories = random_histories(100, 12, kItems);
  const auto wanted = last_states(*encoder_, histories);
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> threads;
  for (auto& states : found) {
    threads.emplace_back([&] {
      for (int repeat = 0; repeat < 5; ++repeat) states = last_states(*encoder_, histories);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& states : found) EXPECT_EQ(states, wanted);
}

INSTANTIATE_TEST_SUITE_P(All, SasrecStyles, testing::ValuesIn(kCases), [](const auto& given) {
  std::string name = std::string(given.param.block) + std::to_string(given.index);
  std::erase(name, '-');
  return name;
});

class BrokenWeights : public testing::Test {
 protected:
  BrokenWeights() : options_(options_of(kCases[0])), weights_(random_weights(options_, kItems)) {}
  std::string error() {
    ExitCode code = ExitCode::ok;
    const std::string text = error_text([&] { make_encoder(options_, weights_.views); }, &code);
    EXPECT_EQ(code, ExitCode::data);
    return text;
  }
  ModelOptions options_;
  ModelWeights weights_;
};

TEST_F(BrokenWeights, MissingTensorsAreNamed) {
  weights_.views.erase("blocks.1.key.bias");
  EXPECT_NE(error().find("blocks.1.key.bias of shape [20] is missing"), std::string::npos);
}

TEST_F(BrokenWeights, ExtraTensorsAreNamed) {
  weights_.set("blocks.2.key.bias", {20}, std::vector<float>(20));
  EXPECT_NE(error().find("blocks.2.key.bias"), std::string::npos);
}

TEST_F(BrokenWeights, MisshapenTensorsAreNamed) {
  weights_.views["output_embedding.weight"].shape = {kItems - 1, 20};
  EXPECT_NE(error().find("output_embedding.weight has the shape [36, 20], expected [37, 20]"),
            std::string::npos);
}

TEST(SasrecEncoder, RefusesItemsItDoesNotKnowAndEmptyHistories) {
  const ModelOptions options = options_of(kCases[0]);
  const ModelWeights weights = random_weights(options, kItems);
  const auto encoder = make_encoder(options, weights.views);
  Jagged<int32_t> unknown;
  unknown.add_row(std::vector<int32_t>{1, kItems});
  EXPECT_NE(error_text([&] { last_states(*encoder, unknown); }).find("item 37"), std::string::npos);
  Jagged<int32_t> negative;
  negative.add_row(std::vector<int32_t>{-1});
  EXPECT_NE(error_text([&] { last_states(*encoder, negative); }).find("item -1"),
            std::string::npos);
  Jagged<int32_t> empty;
  empty.add_row(std::vector<int32_t>{});
  EXPECT_NE(error_text([&] { last_states(*encoder, empty); }).find("empty"), std::string::npos);
  Jagged<int32_t> none;
  EXPECT_NO_THROW(last_states(*encoder, none));
}

TEST(SasrecEncoder, EncodesAllPositionsOnlyOfHistoriesThatFit) {
  const ModelOptions options = options_of(kCases[0]);
  const ModelWeights weights = random_weights(options, kItems);
  const auto encoder = make_encoder(options, weights.views);
  Jagged<int32_t> longer;
  longer.add_row(std::vector<int32_t>(13, 1));
  EXPECT_NE(error_text([&] { all_states(*encoder, longer); }).find("13 items"), std::string::npos);
}

}  // namespace
}  // namespace truenext
