// SPDX-License-Identifier: Apache-2.0
// Attributes of real data sets. What S3-Rec's files hold is in spec/enhanced-loss.md 3.1, which
// golden_data_test.cpp compares; repeats, and the figures of MovieLens, come from a separate Python
// program.
#include <gtest/gtest.h>

#include "data/prepared.h"

namespace truenext {
namespace {

class RealAttributes : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(TRUENEXT_SHARED_DATA)) {
      GTEST_SKIP() << "the real data sets are not at " << TRUENEXT_SHARED_DATA;
    }
  }
  static std::string shared(const std::string& name) {
    return std::string(TRUENEXT_SHARED_DATA) + "/" + name;
  }
  PrepareOptions options(const std::string& name) const {
    PrepareOptions options;
    options.source.path = shared(name);
    options.out = folder_ / "out";
    options.overwrite = true;
    return options;
  }
  test::TemporaryFolder folder_;
};

struct S3RecAttributes {
  const char* name;
  int64_t attributes, items, entries, repeats, items_without;
};

TEST_F(RealAttributes, OfS3Rec) {
  for (const S3RecAttributes& want :
       {S3RecAttributes{"Beauty", 637, 12'101, 45'037, 5, 0},
        S3RecAttributes{"LastFM", 388, 3'646, 114'904, 69'505, 0},
        S3RecAttributes{"Sports_and_Outdoors", 2'277, 18'357, 110'458, 4'018, 0},
        S3RecAttributes{"Toys_and_Games", 1'027, 11'924, 51'022, 146, 0},
        S3RecAttributes{"Yelp", 1'001, 20'033, 97'020, 1, 1}}) {
    SCOPED_TRACE(want.name);
    auto prepare = options(fmt::format("s3rec/{}.txt", want.name));
    prepare.attributes = shared(fmt::format("s3rec/{}_item2attributes.json", want.name));
    const PrepareReport report = prepare_dataset(prepare);
    const AttributeReport& attributes = report.item_attributes;
    EXPECT_EQ(attributes.format, "s3rec");
    EXPECT_EQ(report.attributes, want.attributes);
    EXPECT_EQ(attributes.rows, want.items);
    EXPECT_EQ(attributes.unknown_rows, 0);
    EXPECT_EQ(attributes.empty_rows, want.items_without);
    EXPECT_EQ(attributes.counts.entries, want.entries);
    EXPECT_EQ(attributes.counts.repeats, want.repeats);
    EXPECT_EQ(report.items - attributes.counts.items_with, want.items_without);
    EXPECT_TRUE(attributes.source.warnings.empty());
    // Attributes are numbered as the items have them.
    const Dataset dataset = Dataset::open(prepare.out);
    int32_t next = 0;
    for (const int32_t id : dataset.attributes().values) {
      ASSERT_LE(id, next);
      next += id == next ? 1 : 0;
    }
    EXPECT_EQ(next, want.attributes);
  }
}

TEST_F(RealAttributes, GenresOfMovieLens) {
  auto prepare = options("ml-1m/pairs.csv.gz");
  prepare.source.time_column = "";  // many are missing
  prepare.attributes = shared("ml-1m/movies.dat.gz");
  prepare.attribute_options.columns = "item,-,attribute";
  prepare.attribute_options.separator = "|";
  const PrepareReport report = prepare_dataset(prepare);
  const AttributeReport& attributes = report.item_attributes;
  EXPECT_EQ(attributes.format, "table");
  EXPECT_EQ(report.attributes, 18);
  EXPECT_EQ(attributes.rows, 3'883);
  EXPECT_EQ(attributes.unknown_rows, 177);
  EXPECT_EQ(attributes.counts.items_with, 3'706);
  EXPECT_EQ(attributes.counts.entries, 6'192);
  EXPECT_EQ(attributes.counts.repeats, 0);
  ASSERT_EQ(attributes.source.columns.size(), 2u);
  EXPECT_EQ(attributes.source.columns[1].sample, "Animation, Children's, Comedy");
  const Dataset dataset = Dataset::open(prepare.out);
  const auto heat = dataset.items().find("6");
  ASSERT_TRUE(heat.has_value());
  std::vector<std::string_view> genres;
  for (const int32_t id : dataset.attributes().row(*heat)) {
    genres.push_back(dataset.attribute_ids().raw(id));
  }
  EXPECT_EQ(genres, (std::vector<std::string_view>{"Action", "Crime", "Thriller"}));
}

}  // namespace
}  // namespace truenext
