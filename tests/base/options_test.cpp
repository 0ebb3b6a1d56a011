// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <gtest/gtest.h>

#include "support/test_files.h"

namespace truenext {
namespace {

using test::caught;

struct InnerConfig {
  int64_t heads = 2;
  double dropout = 0.5;
  void list(OptionList& options) {
    options.add("heads", heads, "attention heads").at_least(1);
    options.add("dropout", dropout, "share of zeros").range(0, 0.99);
  }
};

struct Config {
  bool shuffle = true;
  std::string loss = "bce";
  std::vector<int64_t> cutoffs{10};
  std::vector<std::string> metrics{"ndcg@10"};
  InnerConfig model;
  void list(OptionList& options) {
    options.add("shuffle", shuffle, "new order every epoch");
    options.add("loss", loss, "criterion").one_of({"bce", "gbce", "softmax"});
    options.add("cutoffs", cutoffs, "ranks");
    options.add("metrics", metrics, "what to print");
    options.section("model", model);
  }
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() { config.list(options); }
  Config config;
  OptionList options;
};

TEST_F(OptionsTest, ReadsEveryKindOfValue) {
  apply_toml(options,
             "shuffle = false\nloss = \"gbce\"\ncutoffs = [1, 5]\nmetrics = \"recall@1\"\n"
             "[model]\nheads = 4\ndropout = 0\n",
             "run.toml");
  EXPECT_FALSE(config.shuffle);
  EXPECT_EQ(config.loss, "gbce");
  EXPECT_EQ(config.cutoffs, (std::vector<int64_t>{1, 5}));
  EXPECT_EQ(config.metrics, (std::vector<std::string>{"recall@1"}));
  EXPECT_EQ(config.model.heads, 4);
  EXPECT_EQ(config.model.dropout, 0.0);
}

TEST_F(OptionsTest, WritesWhatItReads) {
  config.loss = "softmax";
  config.model.dropout = 1.0 / 3;
  config.metrics = {"a\"b", "c"};
  const std::string text = to_toml(options);
  Config other;
  OptionList other_options;
  other.list(other_options);
  apply_toml(other_options, text, "config.toml");
  EXPECT_EQ(other.loss, "softmax");
  EXPECT_EQ(other.model.dropout, 1.0 / 3);
  EXPECT_EQ(other.metrics, config.metrics);
  EXPECT_EQ(to_toml(other_options), text);
}

TEST_F(OptionsTest, NamesLineAndNearestKeyOfATypo) {
  const auto error = caught([&] { apply_toml(options, "[model]\n\nheds = 4\n", "run.toml"); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("run.toml:3"));
  EXPECT_TRUE(error.says("did you mean model.heads"));
}

TEST_F(OptionsTest, RefusesWrongTypesAndRanges) {
  const auto apply = [&](const char* text) {
    return caught([&] { apply_toml(options, text, "run.toml"); });
  };
  EXPECT_TRUE(apply("shuffle = 1").says("true or false"));
  EXPECT_TRUE(apply("cutoffs = [1, 2.5]").says("list of whole numbers"));
  EXPECT_TRUE(apply("loss = \"gbc\"").says("did you mean \"gbce\""));
  EXPECT_TRUE(apply("[model]\nheads = 0").says("out of range"));
  EXPECT_TRUE(apply("[model]\ndropout = nan").says("wants"));
  EXPECT_TRUE(apply("shuffle = ").says("not valid TOML"));
}

TEST_F(OptionsTest, PassesOverTablesOfOthers) {
  apply_toml(options, "[dataset]\npath = \"x\"\n[model]\nheads = 8\n", "run.toml", {"dataset"});
  EXPECT_EQ(config.model.heads, 8);
}

TEST_F(OptionsTest, SettingsTakeBareWords) {
  apply_setting(options, "loss=softmax");
  apply_setting(options, "model.dropout=0.25");
  apply_setting(options, "cutoffs=[3]");
  EXPECT_EQ(config.loss, "softmax");
  EXPECT_EQ(config.model.dropout, 0.25);
  EXPECT_EQ(config.cutoffs, (std::vector<int64_t>{3}));
  EXPECT_TRUE(caught([&] { apply_setting(options, "loss"); }).says("key=value"));
  EXPECT_TRUE(caught([&] { apply_setting(options, "model.heads=two"); }).says("whole number"));
}

TEST(NearestWord, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(nearest_word("moveilens", {"csv", "movielens"}), "movielens");
  EXPECT_EQ(nearest_word("parquet", {"csv", "movielens"}), "");
}

}  // namespace
}  // namespace truenext
