// SPDX-License-Identifier: Apache-2.0
#include "data/attributes.h"

#include <gtest/gtest.h>

#include "data/prepared.h"

namespace truenext {
namespace {

using test::caught;

TEST(Attributes, StandInTheDatasetByItem) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "user,item\n1,a\n1,b\n1,c\n");
  options.attributes =
      folder.write("attributes.json", R"({"c": [7, "x", 7], "other": [1, 2], "a": [], "b": [7]})");
  const Dataset dataset = test::prepared(options);
  ASSERT_EQ(dataset.attributes().size(), 3);
  EXPECT_EQ(dataset.attributes().row_size(0), 0);
  const auto row = dataset.attributes().row(2);
  ASSERT_EQ(row.size(), 3u);
  EXPECT_EQ(dataset.attribute_ids().raw(row[0]), "7");
  EXPECT_EQ(dataset.attribute_ids().raw(row[1]), "x");
  EXPECT_EQ(row[2], row[0]);
  EXPECT_EQ(dataset.attribute_ids().size(), 2);  // those of "other" are not taken
}

TEST(Attributes, AreEmptyWhenNoneWereGiven) {
  const test::TemporaryFolder folder;
  const Dataset dataset = test::prepared(test::csv_options(folder, "user,item\n1,a\n"));
  EXPECT_EQ(dataset.attributes().size(), 0);
  EXPECT_EQ(dataset.attribute_ids().size(), 0);
}

TEST(Attributes, RefuseOtherJson) {
  const test::TemporaryFolder folder;
  const auto read = [&](const char* text) {
    const std::string path = folder.write("a.json", text);
    return caught([&] {
      read_attributes(path, 1, [](std::string_view) { return std::optional<int32_t>(0); });
    });
  };
  EXPECT_EQ(read(R"({"a": [1]})").code, ExitCode::ok);
  for (const char* bad : {"", "[1]", R"({"a": 1})", R"({"a": [1.5]})", R"({"a": [[1]]})",
                          R"({"a": [1)", R"({"a": [1], "b": [2]})"}) {
    EXPECT_EQ(read(bad).code, ExitCode::data) << bad;
    EXPECT_TRUE(read(bad).says("a.json")) << bad;
  }
}

}  // namespace
}  // namespace truenext
