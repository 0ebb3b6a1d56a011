// SPDX-License-Identifier: Apache-2.0
#include "data/titles.h"

#include <gtest/gtest.h>

#include "support/test_files.h"

namespace truenext {
namespace {

using Titles = std::vector<std::string>;

class TitlesTest : public testing::Test {
 protected:
  Titles titles(std::string_view text, const std::string& map = "") const {
    const std::vector<std::string> ids{"1", "2", "9"};
    const std::string map_path = map.empty() ? "" : folder_.write("map", map);
    return read_titles(folder_.write("titles", text), map_path, 3,
                       [&](int64_t id) { return std::string_view(ids[id]); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(TitlesTest, ReadsEveryLayout) {
  const Titles want{"Toy Story (1995)", "Heat", ""};
  EXPECT_EQ(titles("1::Toy Story (1995)::Animation\n2::Heat::Crime\n"), want);
  EXPECT_EQ(titles("1|Toy Story (1995)|01-Jan-1995||http://x|0|1\n2|Heat|||\n"), want);
  EXPECT_EQ(titles("item_id:token\tmovie_title:token_seq\tyear:token\n"
                   "1\tToy Story (1995)\t1995\n2\tHeat\t1995\n"),
            want);
  EXPECT_EQ(titles("year,title,movieId\n1995,Toy Story (1995),1\n1995,\"Heat\",2\n"), want);
  EXPECT_EQ(titles("2,Heat\n1,Toy Story (1995)\n7,unknown\n"), want);
}

TEST_F(TitlesTest, KeepsCommasInQuotesAndUnderstandsCrLf) {
  EXPECT_EQ(titles("id,title\r\n1,\"American President, The\"\r\n2,\"say \"\"hi\"\"\"\r\n"),
            (Titles{"American President, The", "say \"hi\"", ""}));
}

TEST_F(TitlesTest, AreUtf8WhateverTheFile) {
  EXPECT_EQ(titles("1::Mis\xe9rables, Les::Drama\n2::caf\xc3\xa9::Drama\n"),
            (Titles{"Mis\xc3\xa9rables, Les", "caf\xc3\xa9", ""}));
}

TEST_F(TitlesTest, TranslatesIdsThroughTheMap) {
  EXPECT_EQ(titles("100::a::x\n200::b::x\n", "1 200\n9 100\n"), (Titles{"b", "", "a"}));
}

TEST_F(TitlesTest, NamesTheBrokenLine) {
  EXPECT_TRUE(test::caught([&] { titles("1::a::x\nrubbish\n"); }).says("titles:2"));
  EXPECT_TRUE(test::caught([&] { titles("1::a\n", "1\n"); }).says("map:1"));
  EXPECT_TRUE(test::caught([&] { titles("1::a\n", "1 2\n1 3\n"); }).says("map:2"));
}

}  // namespace
}  // namespace truenext
