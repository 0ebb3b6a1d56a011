// SPDX-License-Identifier: Apache-2.0
#include "data/prepare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/interrupt.h"
#include "base/random.h"
#include "data/prepared.h"
#include "support/compressed.h"

namespace truenext {
namespace {

using test::caught;
using test::csv_options;
using test::Lines;
using test::prepared;
using test::sequences;
using test::TemporaryFolder;

TEST(Prepare, OrdersByTimeThenByPositionInTheFile) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item,time\n1,a,9\n2,x,1\n1,b,5\n1,c,5\n1,d,1\n");
  const PrepareReport report = prepare_dataset(options);
  const Dataset dataset = Dataset::open(options.out);
  EXPECT_EQ(sequences(dataset), (Lines{"1: d b c a", "2: x"}));
  EXPECT_EQ(report.ties, 1);
  EXPECT_EQ(report.users_with_ties, 1);
  EXPECT_EQ(report.time_travel, 2);
  const auto times = dataset.times().row(0);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  options.order = EventOrder::file;
  EXPECT_EQ(sequences(prepared(options))[0], "1: a b c d");
}

TEST(Prepare, NumbersByFirstAppearanceInTheInput) {
  const TemporaryFolder folder;
  const auto options = csv_options(folder, "user,item,time\nz,q,9\na,p,1\nz,p,1\n");
  const Dataset dataset = prepared(options);
  EXPECT_EQ(dataset.users().raw(0), "z");
  EXPECT_EQ(dataset.items().raw(0), "q");
  EXPECT_EQ(dataset.items().find("p"), 1);
  EXPECT_EQ(dataset.items().find("r"), std::nullopt);
}

TEST(Prepare, CountsDuplicatesAndRepeatsAndDropsThemOnlyWhenTold) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item,time\n1,a,1\n1,b,1\n1,a,1\n1,a,2\n");
  PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(report.duplicates, 1);
  EXPECT_EQ(report.repeated_pairs, 2);
  EXPECT_EQ(report.events, 4);
  options.drop_repeats = true;
  report = prepare_dataset(options);
  EXPECT_EQ(report.repeats_dropped, 1);
  EXPECT_EQ(sequences(Dataset::open(options.out)), (Lines{"1: a b a"}));
}

TEST(Prepare, FiltersByValueBeforeCounting) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item,rating,time\n1,a,5,1\n1,b,3.5,2\n2,a,1,3\n");
  options.min_value = 3.5;
  const PrepareReport report = prepare_dataset(options);
  EXPECT_EQ(report.events_below_value, 1);
  EXPECT_EQ(report.users, 1);
  EXPECT_EQ(sequences(Dataset::open(options.out)), (Lines{"1: a b"}));
}

TEST(Prepare, ReadsValuesOnlyWhenTheyDecideSomething) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item,rating,time\n1,a,,1\n1,b,5,2\n");
  EXPECT_EQ(prepare_dataset(options).events, 2);
  options.min_value = 1;
  EXPECT_TRUE(caught([&] { prepare_dataset(options); }).says(":2: the value is \"\""));
}

TEST(Prepare, RefusesAMinimumWithoutValues) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n");
  options.min_value = 4;
  EXPECT_EQ(caught([&] { prepare_dataset(options); }).code, ExitCode::usage);
}

std::string random_csv(int events, bool distinct_times) {
  RandomStream random(random_key(11, Purpose::simulate));
  std::string text = "user,item,time\n";
  for (int i = 0; i < events; ++i) {
    const uint32_t time =
        distinct_times ? static_cast<uint32_t>(i) * 7919 % 1'000'003 : random.below(50);
    text += fmt::format("u{},item-with-a-long-name-{},{}\n", random.below(300), random.below(200),
                        time);
  }
  return text;
}

std::map<std::string, std::string> folder_bytes(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files[entry.path().filename().string()] = test::file_bytes(entry.path());
  }
  return files;
}

TEST(Prepare, SameInputAndOptionsGiveTheSameBytesHoweverMuchMemory) {
  const TemporaryFolder folder;
  // More than the 8 MiB that prepare uses at least for sorting: 600,000 events of 16 bytes.
  auto options = csv_options(folder, random_csv(600'000, false));
  options.min_user_events = 3;
  options.min_item_events = 3;
  prepare_dataset(options);
  const auto first = folder_bytes(options.out);
  options.memory_bytes = 0;
  prepare_dataset(options);
  EXPECT_TRUE(first == folder_bytes(options.out));
  EXPECT_EQ(first.size(), 7u);
  EXPECT_EQ(folder.listing().find("partial"), std::string::npos);
}

TEST(Prepare, FingerprintDoesNotDependOnTheOrderOfTheRows) {
  const TemporaryFolder folder;
  const std::string text = random_csv(5'000, true);
  std::vector<std::string> rows;
  for (size_t at = text.find('\n') + 1; at < text.size();) {
    const size_t end = text.find('\n', at) + 1;
    rows.push_back(text.substr(at, end - at));
    at = end;
  }
  std::string reversed = "user,item,time\n";
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) reversed += *row;

  const Dataset a = prepared(csv_options(folder, text));
  const std::string fingerprint = a.fingerprint(), split = a.split_fingerprint();
  const Dataset b = prepared(csv_options(folder, reversed));
  EXPECT_EQ(b.fingerprint(), fingerprint);
  EXPECT_EQ(b.split_fingerprint(), split);
  EXPECT_NE(a.users().raw(0), b.users().raw(0));  // numbered otherwise inside

  rows[17].replace(rows[17].rfind(','), std::string::npos, ",1234567\n");
  std::string changed = "user,item,time\n";
  for (const std::string& row : rows) changed += row;
  EXPECT_NE(prepared(csv_options(folder, changed)).fingerprint(), fingerprint);
}

TEST(Prepare, SplitFingerprintTellsSplitsApart) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, random_csv(2'000, true));
  const Dataset a = prepared(options);
  const std::string fingerprint = a.fingerprint(), split = a.split_fingerprint();
  options.split.test = 2;
  const Dataset b = prepared(options);
  EXPECT_EQ(b.fingerprint(), fingerprint);
  EXPECT_NE(b.split_fingerprint(), split);
}

TEST(Prepare, TemporalSplitLeavesNoTrainingEventBehindATarget) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, random_csv(3'000, false));
  options.split.method = SplitMethod::temporal;
  options.split.target = SplitTarget::all;
  const Dataset dataset = prepared(options);
  int64_t newest_training = -1, oldest_target = 1'000'000, tested = 0;
  for (int64_t user = 0; user < dataset.num_users(); ++user) {
    const SplitPoint& cut = dataset.splits()[user];
    const auto times = dataset.times().row(user);
    if (cut.train_end > 0) newest_training = std::max(newest_training, times[cut.train_end - 1]);
    if (cut.valid_begin < cut.valid_end) {
      oldest_target = std::min(oldest_target, times[cut.valid_begin]);
    }
    tested += cut.test_begin < cut.test_end;
  }
  EXPECT_LT(newest_training, oldest_target);
  EXPECT_GT(tested, 150);
}

TEST(Prepare, TemporalSplitNeedsTimes) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n1,b\n");
  options.split.method = SplitMethod::temporal;
  EXPECT_TRUE(caught([&] { prepare_dataset(options); }).says("times"));
}

TEST(Prepare, GivenSplitNeedsASourceThatBringsOne) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n1,b\n");
  options.split.method = SplitMethod::given;
  EXPECT_EQ(caught([&] { prepare_dataset(options); }).code, ExitCode::usage);
}

TEST(Prepare, ReadsCompressedSources) {
  const TemporaryFolder folder;
  const std::string text = random_csv(2'000, true);
  auto options = csv_options(folder, text);
  const std::string fingerprint = prepared(options).fingerprint();
  options.source.path = folder.write("events.csv.gz", test::gzipped(text));
  EXPECT_EQ(prepared(options).fingerprint(), fingerprint);
  options.source.path = folder.write("events.csv.zst", test::zstd_packed(text));
  EXPECT_EQ(prepared(options).fingerprint(), fingerprint);
}

TEST(Prepare, LeavesNothingWhenInterrupted) {
  const TemporaryFolder folder;
  const auto options = csv_options(folder, "user,item\n1,a\n");
  set_interrupted(true);
  const auto error = caught([&] { prepare_dataset(options); });
  set_interrupted(false);
  EXPECT_EQ(error.code, ExitCode::interrupted);
  EXPECT_EQ(folder.listing(), "events.csv ");
}

TEST(Prepare, ReportsProgress) {
  const TemporaryFolder folder;
  auto options = csv_options(folder, "user,item\n1,a\n");
  std::string stages;
  options.progress = [&](const char* stage, int64_t) { stages += std::string(stage) + " "; };
  prepare_dataset(options);
  EXPECT_EQ(stages, "sorting filtering writing fingerprint publishing ");
}

}  // namespace
}  // namespace truenext
