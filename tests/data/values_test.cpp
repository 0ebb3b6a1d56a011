// SPDX-License-Identifier: Apache-2.0
// `prepare --keep-values`: the values of the events beside their items.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "data/prepared.h"

namespace truenext {
namespace {

using test::caught;
using test::Lines;
using Values = std::vector<float>;

// Not in the order of time; "z" is dropped by --min-item-events 2.
constexpr const char* kLog =
    "user,item,rating,time\nann,b,2,20\nbob,a,4.5,11\nann,a,1,10\nann,z,9,15\nbob,b,3,12\n"
    "ann,c,0.1,30\nbob,c,-1,13\nann,a,5,40\n";

class KeptValues : public testing::Test {
 protected:
  PrepareOptions options(std::string_view log = kLog) const {
    PrepareOptions options = test::csv_options(folder_, log);
    options.keep_values = true;
    options.min_item_events = 2;
    return options;
  }
  static Values row(const Dataset& dataset, int64_t user) {
    const auto values = dataset.values().row(user);
    return {values.begin(), values.end()};
  }
  const test::TemporaryFolder folder_;
};

TEST_F(KeptValues, StandInTheOrderOfTheItems) {
  const Dataset dataset = test::prepared(options());
  EXPECT_TRUE(dataset.has_values());
  EXPECT_EQ(test::sequences(dataset), (Lines{"ann: a b c a", "bob: a b c"}));
  EXPECT_EQ(row(dataset, 0), (Values{1, 2, 0.1f, 5}));
  EXPECT_EQ(row(dataset, 1), (Values{4.5f, 3, -1}));
}

TEST_F(KeptValues, AreThoseThatTheFiltersLeave) {
  PrepareOptions filtered = options();
  filtered.min_value = 2;
  filtered.min_item_events = 1;
  const Dataset dataset = test::prepared(filtered);
  EXPECT_EQ(test::sequences(dataset), (Lines{"ann: z b a", "bob: a b"}));
  EXPECT_EQ(row(dataset, 0), (Values{9, 2, 5}));
  PrepareOptions repeats = options("user,item,rating,time\nann,a,3,1\nann,a,4,1\nann,b,5,2\n");
  repeats.min_item_events = 1;
  repeats.drop_repeats = true;
  EXPECT_EQ(row(test::prepared(repeats), 0), (Values{3, 5}));
}

TEST_F(KeptValues, AreCutIntoWindowsWithTheItems) {
  PrepareOptions cut = options();
  cut.split.method = SplitMethod::windows;
  cut.split.window_length = 3;
  const Dataset dataset = test::prepared(cut);
  EXPECT_EQ(test::sequences(dataset), (Lines{"ann#1: a b c", "ann#2: b c a", "bob#1: a b c"}));
  EXPECT_EQ(row(dataset, 0), (Values{1, 2, 0.1f}));
  EXPECT_EQ(row(dataset, 1), (Values{2, 0.1f, 5}));
}

TEST_F(KeptValues, AreInTheFingerprintOnlyWhereTheyAre) {
  PrepareOptions bare = options();
  bare.keep_values = false;
  const std::string without = test::prepared(bare).fingerprint();
  EXPECT_FALSE(Dataset::open(bare.out).has_values());
  EXPECT_TRUE(Dataset::open(bare.out).values().values.empty());
  EXPECT_FALSE(std::filesystem::exists(bare.out / "values.bin"));
  const std::string with = test::prepared(options()).fingerprint();
  EXPECT_NE(with, without);
  std::string other = kLog;
  other.replace(other.find("4.5"), 3, "4.0");
  EXPECT_NE(test::prepared(options(other)).fingerprint(), with);
  bare.source.path = folder_.write("events.csv", other);
  EXPECT_EQ(test::prepared(bare).fingerprint(), without);
}

// A description that does not know of them is of a version of before.
TEST_F(KeptValues, AreNotLookedForInOlderFolders) {
  const PrepareOptions prepare = options();
  prepare_dataset(prepare);
  const auto path = prepare.out / "dataset.json";
  auto json = nlohmann::json::parse(read_file(path, 1 << 20));
  EXPECT_EQ(json["has_values"], true);
  json.erase("has_values");
  write_file_atomically(path, json.dump());
  EXPECT_FALSE(Dataset::open(prepare.out).has_values());
}

TEST_F(KeptValues, MustBeThereAndFit) {
  const test::Caught none =
      caught([&] { prepare_dataset(options("user,item,time\nann,a,1\nann,b,2\n")); });
  EXPECT_EQ(none.code, ExitCode::usage);
  EXPECT_TRUE(none.says("--keep-values needs values")) << none.message;
  PrepareOptions huge = options("user,item,rating,time\nann,a,1e300,1\nann,b,2,2\n");
  huge.min_item_events = 1;
  const test::Caught beyond = caught([&] { prepare_dataset(huge); });
  EXPECT_EQ(beyond.code, ExitCode::data);
  EXPECT_TRUE(beyond.says("beyond those of float32")) << beyond.message;
  const PrepareOptions good = options();
  prepare_dataset(good);
  const std::string bytes = test::file_bytes(good.out / "values.bin");
  write_file_atomically(good.out / "values.bin", bytes.substr(4));
  const test::Caught cut = caught([&] { Dataset::open(good.out); });
  EXPECT_TRUE(cut.says("values.bin: 6 entries, want 7")) << cut.message;
}

}  // namespace
}  // namespace truenext
