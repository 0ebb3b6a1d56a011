// SPDX-License-Identifier: Apache-2.0
#include "net/model_options.h"

#include <gtest/gtest.h>

#include "inference/error_text.h"
#include "net/encoder.h"

namespace truenext {
namespace {

ModelOptions with_block(const std::string& block) {
  ModelOptions options;
  options.block = block;
  options.hidden_size = 64;
  return options;
}

std::string resolve_error(ModelOptions options) {
  ExitCode code = ExitCode::ok;
  std::string text = error_text([&] { options.resolve(); }, &code);
  if (!text.empty()) {
    EXPECT_EQ(code, ExitCode::usage);
  }
  return text;
}

// The block's own activation is called auto, so that another block does not inherit it.
TEST(ModelOptions, AnActivationHasANameWhereItIsNotTheBlocksOwn) {
  const auto resolved = [](const char* block, FeedForward activation) {
    ModelOptions options = with_block(block);
    options.activation = activation;
    return options.resolved().activation;
  };
  EXPECT_EQ(resolved("gsasrec", FeedForward::automatic), FeedForward::automatic);
  EXPECT_EQ(resolved("gsasrec", FeedForward::relu), FeedForward::automatic);
  EXPECT_EQ(resolved("gsasrec", FeedForward::gelu), FeedForward::gelu);
  EXPECT_EQ(resolved("post-norm", FeedForward::gelu), FeedForward::automatic);
  EXPECT_EQ(resolved("post-norm", FeedForward::relu), FeedForward::relu);
  ModelOptions options = with_block("hstu");
  options.activation = FeedForward::gelu;
  EXPECT_NE(resolve_error(options).find("model.activation"), std::string::npos);
}

TEST(ModelOptions, ResolvesToTheValuesOfEachOriginal) {
  const struct {
    const char* block;
    int64_t heads, inner;
    PositionNumbers positions;
  } wanted[] = {
      {"gsasrec", 1, 64, PositionNumbers::from_end},
      {"pmixer", 1, 64, PositionNumbers::from_end},
      {"post-norm", 2, 256, PositionNumbers::from_end},
      {"csrec", 2, 128, PositionNumbers::from_start},
      {"csrec-bert", 2, 256, PositionNumbers::from_end},
      {"hstu", 2, 64, PositionNumbers::relative_from_end},
      {"res", 1, 256, PositionNumbers::from_end},
  };
  for (const auto& want : wanted) {
    ModelOptions options = with_block(want.block);
    options.resolve();
    EXPECT_EQ(options.num_heads, want.heads) << want.block;
    EXPECT_EQ(options.inner_size, want.inner) << want.block;
    EXPECT_EQ(options.positions, want.positions) << want.block;
  }
}

TEST(ModelOptions, KeepsWhatWasSaidAndResolvingTwiceChangesNothing) {
  ModelOptions options = with_block("post-norm");
  options.num_heads = 4;
  options.inner_size = 100;
  options.positions = PositionNumbers::from_start;
  options.resolve();
  OptionList once, twice;
  ModelOptions copy = options;
  once.section("model", options);
  copy.resolve();
  twice.section("model", copy);
  EXPECT_EQ(to_toml(once), to_toml(twice));
  EXPECT_EQ(options.num_heads, 4);
  EXPECT_EQ(options.inner_size, 100);
  EXPECT_EQ(options.positions, PositionNumbers::from_start);
}

TEST(ModelOptions, NamesTheKeyThatCannotBe) {
  ModelOptions heads = with_block("gsasrec");
  heads.num_heads = 3;
  EXPECT_NE(resolve_error(heads).find("model.num_heads = 3"), std::string::npos);

  ModelOptions padding = with_block("post-norm");
  padding.padding = PaddingUse::attend;
  EXPECT_NE(resolve_error(padding).find("model.padding"), std::string::npos);

  ModelOptions block = with_block("gsasrek");
  EXPECT_NE(resolve_error(block).find("did you mean \"gsasrec\""), std::string::npos);

  ModelOptions width = with_block("gsasrec");
  width.hidden_size = 0;
  EXPECT_NE(resolve_error(width).find("model.hidden_size"), std::string::npos);

  ModelOptions distances = with_block("pmixer");
  distances.padding = PaddingUse::attend;
  distances.positions = PositionNumbers::relative;
  EXPECT_NE(resolve_error(distances).find("padding has no places"), std::string::npos);

  ModelOptions gru;
  gru.name = "gru4rec";
  gru.positions = PositionNumbers::from_end;
  EXPECT_NE(resolve_error(gru).find("model.positions"), std::string::npos);

  gru.positions = PositionNumbers::none;
  gru.padding = PaddingUse::attend;
  gru.max_length = 1 << 18;
  gru.gru_hidden_size = 128;
  EXPECT_NE(resolve_error(gru).find("model.max_length = 262144"), std::string::npos);
  gru.max_length = 1 << 17;
  EXPECT_NO_THROW(gru.resolve());
}

TEST(ModelTensors, ComeInTheOrderOfTheFileFormat) {
  ModelOptions options = with_block("post-norm");
  options.num_blocks = 1;
  options.max_length = 50;
  const auto tensors = model_tensors(options, 10);
  const std::vector<std::string> wanted = {
      "item_embedding.weight",        "position_embedding.weight", "output_embedding.weight",
      "embedding_norm.weight",        "embedding_norm.bias",       "blocks.0.attention_norm.weight",
      "blocks.0.attention_norm.bias", "blocks.0.query.weight",     "blocks.0.query.bias",
      "blocks.0.key.weight",          "blocks.0.key.bias",         "blocks.0.value.weight",
      "blocks.0.value.bias",          "blocks.0.output.weight",    "blocks.0.output.bias",
      "blocks.0.ffn_norm.weight",     "blocks.0.ffn_norm.bias",    "blocks.0.ffn1.weight",
      "blocks.0.ffn1.bias",           "blocks.0.ffn2.weight",      "blocks.0.ffn2.bias"};
  ASSERT_EQ(tensors.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(tensors[i].name, wanted[i]);
  EXPECT_EQ(tensors[1].shape, (std::vector<int64_t>{50, 64}));
  EXPECT_EQ(tensors[17].shape, (std::vector<int64_t>{256, 64}));
  EXPECT_EQ(tensors[19].shape, (std::vector<int64_t>{64, 256}));
}

// Parameter counts of the gSASRec paper's ML-1M model (1,067,008 with two rows that are no items).
TEST(ModelTensors, HaveThePublishedNumberOfParameters) {
  ModelOptions options;
  const auto count = [&] {
    int64_t total = 0;
    for (const TensorInfo& info : model_tensors(options, 3416)) {
      int64_t size = 1;
      for (const int64_t extent : info.shape) size *= extent;
      total += size;
    }
    return total;
  };
  EXPECT_EQ(count(), 1067008 - 2 * 2 * 128);
  options.tie_embeddings = true;
  EXPECT_EQ(count(), 629504 - 2 * 128);
}

TEST(ModelTensors, OfGru4recHaveBiasesAndPaddingOnRequest) {
  ModelOptions options;
  options.name = "gru4rec";
  options.hidden_size = 64;
  options.gru_layers = 2;
  options.tie_embeddings = true;
  EXPECT_EQ(model_tensors(options, 10).size(), 1u + 2 * 2 + 2);
  options.gru_bias = true;
  options.padding = PaddingUse::attend;
  const auto tensors = model_tensors(options, 10);
  EXPECT_EQ(tensors.size(), 2u + 2 * 4 + 2);
  EXPECT_EQ(tensors[1].name, "padding_embedding");
  EXPECT_EQ(tensors[2].shape, (std::vector<int64_t>{384, 64}));
  EXPECT_EQ(tensors[6].name, "gru.1.input_weight");
  EXPECT_EQ(tensors[6].shape, (std::vector<int64_t>{384, 128}));
}

}  // namespace
}  // namespace truenext
