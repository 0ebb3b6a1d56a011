// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/prepared.h"

namespace truenext {
namespace {

TEST(DatasetAttributes, StandInTheDatasetByItem) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "user,item\n1,a\n1,b\n1,c\n");
  options.attributes =
      folder.write("attributes.json", R"({"c": [7, "x", 7], "other": [1, 2], "a": [], "b": [7]})");
  const PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(report.item_attributes.unknown_rows, 1);
  const Dataset dataset = Dataset::open(options.out);
  ASSERT_EQ(dataset.attributes().size(), 3);
  EXPECT_EQ(dataset.attributes().row_size(0), 0);
  const auto row = dataset.attributes().row(2);
  ASSERT_EQ(row.size(), 3u);
  EXPECT_EQ(dataset.attribute_ids().raw(row[0]), "7");
  EXPECT_EQ(dataset.attribute_ids().raw(row[1]), "x");
  EXPECT_EQ(row[2], row[0]);
  EXPECT_EQ(dataset.attribute_ids().size(), 2);  // those of "other" are not taken
}

TEST(DatasetAttributes, AreMatchedBehindTheFilters) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "user,item\n1,a\n1,b\n1,c\n2,b\n2,c\n");
  options.min_item_events = 2;
  options.attributes = folder.write("attributes.csv", "a,x\nb,y\nc,z\n");
  const PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(report.item_attributes.unknown_rows, 1);  // a was dropped
  const Dataset dataset = Dataset::open(options.out);
  EXPECT_EQ(dataset.attribute_ids().raw(0), "y");
  EXPECT_EQ(dataset.attribute_ids().size(), 2);
}

TEST(DatasetAttributes, HaveAFingerprintOfTheirOwn) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "user,item\n1,a\n1,b\n1,c\n");
  const Dataset without = test::prepared(options);
  EXPECT_EQ(without.attribute_fingerprint(), "");
  const auto with = [&](const char* text) {
    options.attributes = folder.write("attributes.csv", text);
    const Dataset dataset = test::prepared(options);
    EXPECT_EQ(dataset.fingerprint(), without.fingerprint());
    EXPECT_EQ(dataset.split_fingerprint(), without.split_fingerprint());
    return dataset.attribute_fingerprint();
  };
  const std::string first = with("a,x\na,y\nb,x\n");
  EXPECT_EQ(first.size(), 32u);
  EXPECT_EQ(with("b,x\na,x\nz,q\na,y\n"), first);  // the order of items in the file is no matter
  EXPECT_NE(with("a,y\na,x\nb,x\n"), first);
  EXPECT_NE(with("a,x\na,y\nb,y\n"), first);
  EXPECT_NE(with("a,x\na,y\nc,x\n"), first);
}

TEST(DatasetAttributes, OfOlderFoldersAreFingerprintedWhenTheyAreOpened) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, "user,item\n1,a\n1,b\n1,c\n");
  options.attributes = folder.write("attributes.json", R"({"a": [1], "b": [2, 1]})");
  const std::string want = test::prepared(options).attribute_fingerprint();
  const auto path = options.out / "dataset.json";
  auto json = nlohmann::ordered_json::parse(test::file_bytes(path));
  json.erase("attribute_fingerprint");
  json["report"].erase("item_attributes");
  test::write_bytes(path, json.dump());
  EXPECT_EQ(Dataset::open(options.out).attribute_fingerprint(), want);
}

TEST(DatasetAttributes, AreEmptyWhenNoneWereGiven) {
  const test::TemporaryFolder folder;
  const Dataset dataset = test::prepared(test::csv_options(folder, "user,item\n1,a\n"));
  EXPECT_EQ(dataset.attributes().size(), 0);
  EXPECT_EQ(dataset.attribute_ids().size(), 0);
}

}  // namespace
}  // namespace truenext
