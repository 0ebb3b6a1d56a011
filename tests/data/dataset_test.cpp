// SPDX-License-Identifier: Apache-2.0
#include "data/dataset.h"

#include <gtest/gtest.h>

#include <cstring>

#include "data/prepared.h"

namespace truenext {
namespace {

using test::caught;
using test::TemporaryFolder;

class DatasetFolder : public testing::Test {
 protected:
  DatasetFolder() {
    options_ = test::csv_options(
        folder_, "user,item,time\n1,a,1\n1,b,2\n1,c,3\n2,c,1\n2,b,2\n2,a,3\n3,a,1\n");
    options_.titles = folder_.write("titles.csv", "a,Alpha\nc,Gamma\n");
    options_.attributes = folder_.write("attributes.json", R"({"a": [1, 2], "b": [2]})");
    prepare_dataset(options_);
  }
  std::string file(const char* name) const { return (options_.out / name).string(); }

  /// What open() says when the named file has other bytes.
  test::Caught with(const char* name, const std::string& bytes) const {
    const std::string good = test::file_bytes(file(name));
    std::ofstream(file(name), std::ios::binary) << bytes;
    const auto error = caught([&] { Dataset::open(options_.out); });
    std::ofstream(file(name), std::ios::binary) << good;
    return error;
  }
  template <typename T>
  test::Caught with_value(const char* name, size_t index, T value) const {
    std::string bytes = test::file_bytes(file(name));
    std::memcpy(bytes.data() + index * sizeof(T), &value, sizeof(T));
    return with(name, bytes);
  }

  TemporaryFolder folder_;
  PrepareOptions options_;
};

TEST_F(DatasetFolder, GivesBackWhatWasPrepared) {
  const Dataset dataset = Dataset::open(options_.out);
  EXPECT_EQ(dataset.num_users(), 3);
  EXPECT_EQ(dataset.num_items(), 3);
  EXPECT_EQ(dataset.num_events(), 7);
  EXPECT_TRUE(dataset.has_times());
  EXPECT_EQ(test::sequences(dataset), (test::Lines{"1: a b c", "2: c b a", "3: a"}));
  EXPECT_EQ(dataset.title(0), "Alpha");
  EXPECT_EQ(dataset.title(1), "");
  EXPECT_EQ(dataset.times().row(1)[2], 3);
  EXPECT_EQ(dataset.splits()[2], (SplitPoint{1, 1, 1, 1, 1}));
  EXPECT_EQ(dataset.split_name(), "leave-last, 1 validation, 1 test");
  EXPECT_EQ(dataset.fingerprint().size(), 32u);
  EXPECT_NE(dataset.description().find("\"min_user_events\": 1"), std::string::npos);
  EXPECT_EQ(dataset.users().find("3"), 2);
}

TEST_F(DatasetFolder, OpensAfterItWasMoved) {
  std::filesystem::rename(options_.out, folder_ / "elsewhere");
  EXPECT_EQ(Dataset::open(folder_ / "elsewhere").num_events(), 7);
}

TEST_F(DatasetFolder, RefusesEveryTruncatedFile) {
  for (const char* name : {"offsets.bin", "items.bin", "times.bin", "splits.bin", "users.ids",
                           "items.ids", "titles.ids", "attributes.bin", "attribute-offsets.bin",
                           "attributes.ids", "dataset.json"}) {
    const std::string bytes = test::file_bytes(file(name));
    for (const size_t size : {size_t{0}, bytes.size() / 2, bytes.size() - 4}) {
      const auto error = with(name, bytes.substr(0, size));
      EXPECT_EQ(error.code, ExitCode::data) << name << " " << size;
      EXPECT_TRUE(error.says(name)) << error.message;
    }
    std::filesystem::rename(file(name), folder_ / "aside");
    EXPECT_EQ(caught([&] { Dataset::open(options_.out); }).code, ExitCode::data) << name;
    std::filesystem::rename(folder_ / "aside", file(name));
  }
  EXPECT_NO_THROW(Dataset::open(options_.out));
}

TEST_F(DatasetFolder, RefusesValuesThatCannotBe) {
  EXPECT_TRUE(with_value<int64_t>("offsets.bin", 1, 100).says("offsets.bin: the offsets"));
  EXPECT_TRUE(with_value<int64_t>("offsets.bin", 0, -1).says("offsets.bin: the offsets"));
  EXPECT_TRUE(with_value<int32_t>("items.bin", 3, 3).says("items.bin: ids"));
  EXPECT_TRUE(with_value<int32_t>("items.bin", 3, -1).says("items.bin: ids"));
  EXPECT_TRUE(
      with_value<int64_t>("splits.bin", 0, 4).says("splits.bin: the cuts of user number 0"));
  EXPECT_TRUE(
      with_value<int64_t>("splits.bin", 8, -1).says("splits.bin: the cuts of user number 1"));
  EXPECT_TRUE(with_value<int64_t>("splits.bin", 3, 3).code == ExitCode::ok);  // an empty range
  EXPECT_TRUE(with_value<int64_t>("splits.bin", 4, 1).says("splits.bin"));  // ends before it begins
  EXPECT_TRUE(with_value<int32_t>("attributes.bin", 0, 2).says("attributes.bin: ids"));
  EXPECT_TRUE(with_value<int64_t>("attribute-offsets.bin", 3, -8).says("attribute-offsets.bin"));
  EXPECT_TRUE(with_value<int64_t>("attribute-offsets.bin", 1, 9).says("attribute-offsets.bin"));
}

TEST_F(DatasetFolder, RefusesImpossibleDescriptions) {
  const auto described = [&](const char* from, const char* to) {
    std::string text = test::file_bytes(file("dataset.json"));
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return with("dataset.json", text.replace(at, std::strlen(from), to));
  };
  EXPECT_TRUE(described("\"version\": 1", "\"version\": 2").says("newer"));
  EXPECT_TRUE(described("\"kind\": \"truenext dataset\"", "\"kind\": \"other\"").says("not the"));
  EXPECT_TRUE(described("\"users\": 3", "\"users\": -3").says("impossible"));
  EXPECT_TRUE(described("\"users\": 3", "\"users\": \"3\"").says("users"));
  EXPECT_TRUE(described("\"users\": 3", "\"users\": 1e30").says("dataset.json"));
  EXPECT_TRUE(described("\"events\": 7", "\"events\": 99999999999").says("items.bin"));
  EXPECT_TRUE(described("\"fingerprint\"", "\"fingerprnt\"").says("fingerprint"));
}

TEST_F(DatasetFolder, SaysWhatAnotherFolderIs) {
  EXPECT_TRUE(caught([&] { Dataset::open(folder_.path()); }).says("not a dataset folder"));
  EXPECT_TRUE(caught([&] { Dataset::open(folder_ / "none"); }).says("no such folder"));
}

}  // namespace
}  // namespace truenext
