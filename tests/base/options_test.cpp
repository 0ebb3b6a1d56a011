// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <gtest/gtest.h>

#include "support/test_files.h"

namespace truenext {
namespace {

using test::caught;

enum class Order { sorted, as_given };

}  // namespace

template <>
struct Words<Order> {
  static constexpr std::array names = {"sorted", "as-given"};
};

namespace {

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
  Order order = Order::sorted;
  std::vector<int64_t> cutoffs{10};
  std::vector<std::string> metrics{"ndcg@10"};
  InnerConfig model;
  void list(OptionList& options) {
    options.add("shuffle", shuffle, "new order every epoch");
    options.add("loss", loss, "criterion").one_of({"bce", "gbce", "softmax"});
    options.add("order", order, "of the lines");
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

TEST_F(OptionsTest, AnEnumIsReadAndWrittenAsItsWord) {
  EXPECT_NE(to_toml(options).find("order = 'sorted'\n"), std::string::npos);
  apply_toml(options, "order = \"as-given\"", "run.toml");
  EXPECT_EQ(config.order, Order::as_given);
  EXPECT_NE(to_toml(options).find("order = 'as-given'\n"), std::string::npos);
  apply_setting(options, "order=sorted");
  EXPECT_EQ(config.order, Order::sorted);
  apply_setting(options, "order=\"as-given\"");
  EXPECT_EQ(config.order, Order::as_given);
}

TEST_F(OptionsTest, AnEnumRefusesWhatIsNoneOfItsWords) {
  const auto toml = [&](const char* text) {
    return caught([&] { apply_toml(options, text, "run.toml"); });
  };
  const auto unknown = toml("\norder = \"as-give\"");
  EXPECT_EQ(unknown.code, ExitCode::usage);
  EXPECT_TRUE(unknown.says(
      "run.toml:2: order = \"as-give\" is unknown, did you mean \"as-given\"?; want one of "
      "sorted, as-given"));
  EXPECT_TRUE(toml("order = 1").says("run.toml:1: order wants one of sorted, as-given"));
  EXPECT_TRUE(caught([&] {
                apply_setting(options, "order=sortd");
              }).says("did you mean \"sorted\"?; want one of sorted, as-given"));
  EXPECT_TRUE(caught([&] { apply_setting(options, "order="); }).says("is unknown; want one of"));
  EXPECT_EQ(config.order, Order::sorted);
}

TEST(Words, AreFoundByTextAndByEnumerator) {
  EXPECT_EQ(word_of(Order::as_given), "as-given");
  EXPECT_EQ(find_word<Order>("as-given"), Order::as_given);
  EXPECT_EQ(find_word<Order>("as_given"), std::nullopt);
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

// Each of these was a promise of toml++ to the compiler that the file did not keep.
TEST_F(OptionsTest, WhatIsNoTomlIsReportedWithItsLine) {
  const char* const texts[] = {"[{",
                               "[[{]]",
                               "{ = 1",
                               "a = {{",
                               "\xc3\xa9 = 1",
                               "[a\xc3\xa9]",
                               "\xe3\x81\x82 = 1",
                               "\xef\xbb\xa6 = 1",
                               "a.[",
                               "a = [{[",
                               "\x9c\xa2\xf5",
                               "[[a]\n"};
  for (const char* text : texts) {
    const auto error = caught([&] { apply_toml(options, text, "file"); });
    EXPECT_EQ(error.code, ExitCode::usage) << text;
    EXPECT_TRUE(error.says("file:1: not valid TOML")) << text << ": " << error.message;
  }
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
