// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/prepared.h"

namespace truenext {
namespace {

using test::caught;

// Users 1 to 3 with the histories 1 2 3 4, 5 1 2 and 2 3 4 5 1; user 3 is validated.
class GsasrecFolder : public testing::Test {
 protected:
  GsasrecFolder() {
    write("dataset_stats.json", R"({"num_users": 3, "num_items": 5, "num_interactions": 12})");
    write("train/input.txt", "1 2\n5\n2 3\n");
    write("val/input.txt", "2 3 4\n");
    write("val/output.txt", "5\n");
    write("test/input.txt", "1 2 3\n5 1\n2 3 4 5\n");
    write("test/output.txt", "4\n2\n1\n");
  }
  void write(const char* name, const char* text) {
    folder_.write(std::string("data/") + name, text);
  }
  PrepareOptions options() const {
    PrepareOptions options;
    options.source.path = folder_ / "data";
    options.out = folder_ / "out";
    options.split.method = SplitMethod::automatic;
    options.overwrite = true;
    return options;
  }
  std::string refusal(const char* name, const char* text) {
    const std::string old = test::file_bytes(folder_ / (std::string("data/") + name));
    write(name, text);
    const auto error = caught([&] { prepare_dataset(options()); });
    EXPECT_EQ(error.code, ExitCode::data) << text;
    EXPECT_TRUE(error.says(name)) << error.message;
    EXPECT_EQ(folder_.listing(), "data ");
    write(name, old.c_str());
    return error.message;
  }
  test::TemporaryFolder folder_;
};

TEST_F(GsasrecFolder, BringsSequencesAndSplit) {
  const Dataset dataset = test::prepared(options());
  EXPECT_EQ(test::sequences(dataset), (test::Lines{"1: 1 2 3 4", "2: 5 1 2", "3: 2 3 4 5 1"}));
  EXPECT_EQ(dataset.split_name(), "given by the source");
  EXPECT_EQ(dataset.splits()[0], (SplitPoint{2, 3, 3, 3, 4}));
  EXPECT_EQ(dataset.splits()[1], (SplitPoint{1, 2, 2, 2, 3}));
  EXPECT_EQ(dataset.splits()[2], (SplitPoint{2, 3, 4, 4, 5}));
}

TEST_F(GsasrecFolder, TakesAnotherSplitWhenAsked) {
  auto leave_last = options();
  leave_last.split.method = SplitMethod::leave_last;
  EXPECT_EQ(test::prepared(leave_last).splits()[1], (SplitPoint{1, 1, 2, 2, 3}));
}

TEST_F(GsasrecFolder, RefusesFiltersThatWouldShiftTheSplit) {
  auto filtered = options();
  filtered.min_item_events = 2;
  EXPECT_EQ(caught([&] { prepare_dataset(filtered); }).code, ExitCode::usage);
}

TEST_F(GsasrecFolder, ChecksEveryFileAgainstTheOthers) {
  EXPECT_NE(refusal("train/input.txt", "1 3\n5\n2 3\n").find(":1:"), std::string::npos);
  EXPECT_NE(refusal("train/input.txt", "1 2\n5 1 2\n2 3\n").find(":2:"), std::string::npos);
  EXPECT_NE(refusal("train/input.txt", "1 2\n5\n").find("different numbers"), std::string::npos);
  EXPECT_NE(refusal("train/input.txt", "").find("different numbers"), std::string::npos);
  EXPECT_NE(refusal("test/output.txt", "4\n2\n1\n1\n").find("different numbers"),
            std::string::npos);
  EXPECT_NE(refusal("test/output.txt", "4\n2 3\n1\n").find(":2:"), std::string::npos);
  EXPECT_NE(refusal("test/input.txt", "1 2 3\n5 1\n2 3 4 6\n").find("\"6\""), std::string::npos);
  EXPECT_NE(refusal("test/input.txt", "1 2 3\n5 0\n2 3 4 5\n").find(":2: \"0\""),
            std::string::npos);
  EXPECT_NE(refusal("test/input.txt", "1 2 x\n5 1\n2 3 4 5\n").find("\"x\""), std::string::npos);
  EXPECT_NE(refusal("val/output.txt", "4\n").find("do not go with"), std::string::npos);
  EXPECT_NE(refusal("val/output.txt", "5\n5\n").find("different numbers"), std::string::npos);
  EXPECT_NE(refusal("val/input.txt", "2 3 4\n\n").find(":2:"), std::string::npos);
  refusal("dataset_stats.json", "{}");
  refusal("dataset_stats.json", "not json");
}

TEST_F(GsasrecFolder, NamesTheMissingFile) {
  std::filesystem::remove(folder_ / "data/val/output.txt");
  const auto error = caught([&] { prepare_dataset(options()); });
  EXPECT_TRUE(error.says("val/output.txt: cannot read")) << error.message;
}

TEST_F(GsasrecFolder, IsNotReadAsAnyFolder) {
  auto other = options();
  other.source.path = folder_.path().string();
  EXPECT_EQ(caught([&] { prepare_dataset(other); }).code, ExitCode::data);
  other.source.format = "csv";
  EXPECT_EQ(caught([&] { prepare_dataset(other); }).code, ExitCode::usage);
  other.source.format = "gsasrec";
  EXPECT_TRUE(caught([&] { prepare_dataset(other); }).says("dataset_stats.json: cannot read"));
  other.source.path = folder_ / "data/train/input.txt";
  EXPECT_TRUE(caught([&] { prepare_dataset(other); }).says("reads folders"));
}

}  // namespace
}  // namespace truenext
