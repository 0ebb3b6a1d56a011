// SPDX-License-Identifier: Apache-2.0
#include "data/windows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "data/prepared.h"

namespace truenext {
namespace {

using test::caught;
using test::Lines;

SplitOptions windows_of(int64_t length, int64_t stride = 0) {
  SplitOptions options;
  options.method = SplitMethod::windows;
  options.window_length = length;
  options.window_stride = stride;
  return options;
}

// spec of CSRec 3.2: one window up to L items, else 0 and the list from n - L downwards above 0.
TEST(Windows, StartWhereTheOriginalCutsThem) {
  struct Row {
    int64_t n, length, stride;
    std::vector<int64_t> starts;
  };
  for (const Row& row :
       {Row{1, 5, 5, {0}}, Row{5, 5, 5, {0}}, Row{6, 5, 5, {0, 1}}, Row{9, 5, 5, {0, 4}},
        Row{10, 5, 5, {0, 5}}, Row{11, 5, 5, {0, 1, 6}}, Row{15, 5, 5, {0, 5, 10}},
        Row{9, 5, 2, {0, 2, 4}}, Row{10, 5, 2, {0, 1, 3, 5}}, Row{8, 5, 1, {0, 1, 2, 3}}}) {
    EXPECT_EQ(window_starts(row.n, row.length, row.stride), row.starts) << row.n;
  }
}

// The rule of spec of CSRec 5.2 for windows with stride L, r = n mod L: the test item of the first
// window leaks for 2 <= r <= L - 2, its validation item for 1 <= r <= L - 3, others never.
TEST(Windows, LeakWhereTheFirstWindowOverlapsTheSecond) {
  const int64_t length = 8;
  for (int64_t n = 3; n <= 40; ++n) {
    const std::vector<int64_t> offsets{0, n};
    const WindowReport report = count_leaks(make_windows(offsets, windows_of(length)));
    const int64_t r = n % length;
    const bool cut = n > length;
    EXPECT_EQ(report.leaked_test, cut && 2 <= r && r <= length - 2) << n;
    EXPECT_EQ(report.leaked_valid, cut && 1 <= r && r <= length - 3) << n;
    EXPECT_EQ(report.windows, (n + length - 1) / length) << n;
    EXPECT_EQ(report.before_others, report.windows - 1) << n;
    EXPECT_EQ(report.users, 1);
  }
}

// Windows [0, 5), [1, 6), [3, 8), [5, 10) train on the targets 1 2 | 2 3 | 4 5 | 6 7 and test 4, 5,
// 7, 9, validate 3, 4, 6, 8. The second user is too short to be judged, the third has one window.
TEST(Windows, LeakInAnyLaterWindowOfTheUserIsCountedOnce) {
  const std::vector<int64_t> offsets{0, 10, 12, 17};
  const WindowReport report = count_leaks(make_windows(offsets, windows_of(5, 2)));
  EXPECT_EQ(report.windows, 6);
  EXPECT_EQ(report.users, 3);
  EXPECT_EQ(report.held_out, 5);
  EXPECT_EQ(report.prefixes, 10);
  EXPECT_EQ(report.leaked_test, 3);
  EXPECT_EQ(report.leaked_valid, 3);
  EXPECT_EQ(report.before_others, 3);
}

class PreparedWindows : public testing::Test {
 protected:
  PrepareOptions options(std::string_view csv) const {
    PrepareOptions options = test::csv_options(folder_, csv);
    options.split = windows_of(4);
    return options;
  }
  const test::TemporaryFolder folder_;
};

TEST_F(PreparedWindows, AreUsersOfTheirOwn) {
  const PrepareOptions prepare = options(
      "user,item,time\nann,a,1\nann,b,2\nbob,x,5\nann,c,3\nann,d,4\nann,e,5\nann,f,6\nbob,y,6\n"
      "bob,z,7\neve,a,1\neve,b,2\n");
  const PrepareReport report = prepare_dataset(prepare);
  const Dataset dataset = Dataset::open(prepare.out);
  EXPECT_EQ(test::sequences(dataset),
            (Lines{"ann#1: a b c d", "ann#2: c d e f", "bob#1: x y z", "eve#1: a b"}));
  EXPECT_EQ(dataset.splits()[0], (SplitPoint{2, 2, 3, 3, 4}));
  EXPECT_EQ(dataset.splits()[1], (SplitPoint{2, 2, 3, 3, 4}));
  EXPECT_EQ(dataset.splits()[2], (SplitPoint{1, 1, 2, 2, 3}));
  EXPECT_EQ(dataset.splits()[3], (SplitPoint{2, 2, 2, 2, 2}));
  const auto times = dataset.times().row(1);
  EXPECT_EQ(std::vector<int64_t>(times.begin(), times.end()), (std::vector<int64_t>{3, 4, 5, 6}));
  EXPECT_EQ(report.users, 4);
  EXPECT_EQ(report.events, 13);
  EXPECT_EQ(report.items, 9);
  ASSERT_TRUE(report.windows.has_value());
  EXPECT_EQ(report.windows->users, 3);
  EXPECT_EQ(report.windows->events, 11);
}

// Of 6 events in windows of 4 the first tests event 3, which is the only target that the second,
// events 2 to 5, trains on.
TEST_F(PreparedWindows, SayEverywhereThatTheyLeak) {
  const PrepareOptions prepare =
      options("user,item\nann,a\nann,b\nann,c\nann,d\nann,e\nann,f\nbob,x\nbob,y\nbob,z\n");
  const PrepareReport report = prepare_dataset(prepare);
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_NE(report.warnings.back().find("1 test targets (33.3 %) and 0 validation targets"),
            std::string::npos)
      << report.warnings.back();
  const Dataset dataset = Dataset::open(prepare.out);
  EXPECT_EQ(dataset.split_name(),
            "windows of 4, stride 4, 1 validation, 1 test; leaks 33.3 % of test and 0.0 % of "
            "validation targets into training");
  const auto kept = window_report(dataset);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->leaked_test, 1);
  EXPECT_EQ(kept->before_others, 1);
  EXPECT_EQ(kept->users, 2);
  EXPECT_EQ(kept->events, 9);
}

TEST_F(PreparedWindows, AreFoundByTheirUserAndByTheirOwnId) {
  const Dataset dataset = test::prepared(
      options("user,item\nann,a\nann,b\nann,c\nann,d\nann,e\nann#1,a\nann#1,b\nann#1,c\n"));
  EXPECT_EQ(test::sequences(dataset),
            (Lines{"ann#1: a b c d", "ann#2: b c d e", "ann#1#1: a b c"}));
  EXPECT_EQ(find_history(dataset, "ann"), 1);    // the newest
  EXPECT_EQ(find_history(dataset, "ann#2"), 1);  // no user's id
  EXPECT_EQ(find_history(dataset, "ann#1"), 2);  // users come first
  EXPECT_EQ(find_history(dataset, "bob"), std::nullopt);
}

TEST_F(PreparedWindows, OtherSplitsHaveNone) {
  PrepareOptions prepare = options("user,item\nann,a\nann,b\nann,c\nann#1,d\n");
  prepare.split = {};
  const Dataset dataset = test::prepared(prepare);
  EXPECT_FALSE(dataset.has_windows());
  EXPECT_FALSE(window_report(dataset).has_value());
  EXPECT_EQ(find_history(dataset, "ann"), 0);
}

TEST_F(PreparedWindows, DamagedCountsAreNamed) {
  const PrepareOptions prepare = options("user,item\nann,a\nann,b\nann,c\n");
  prepare_dataset(prepare);
  const auto path = prepare.out / "dataset.json";
  auto json = nlohmann::json::parse(read_file(path, 1 << 20));
  json["split"]["windows"].erase("held_out");
  write_file_atomically(path, json.dump());
  EXPECT_TRUE(caught([&] { window_report(Dataset::open(prepare.out)); }).says("split.windows"));
}

TEST_F(PreparedWindows, AreRefusedWithOptionsThatMakeNoSense) {
  struct Row {
    void (*change)(SplitOptions&);
    const char* says;
  };
  for (const Row& row : {
           Row{[](SplitOptions& o) { o.window_length = 0; }, "--window-length 20"},
           Row{[](SplitOptions& o) { o.window_length = 2; }, "want at least 3"},
           Row{[](SplitOptions& o) { o.window_length = -4; }, "want at least 3"},
           Row{[](SplitOptions& o) { o.window_stride = 5; }, "--window-stride 5: want 1 to 4"},
           Row{[](SplitOptions& o) { o.window_stride = -1; }, "--window-stride -1"},
           Row{[](SplitOptions& o) { o.test = 2; }, "leave out --valid"},
           Row{[](SplitOptions& o) { o.valid = 0; }, "leave out --valid"},
           Row{[](SplitOptions& o) { o.valid_users = 9; }, "--valid-users"},
           Row{[](SplitOptions& o) { o.test_share = 0.2; }, "--split temporal"},
           Row{[](SplitOptions& o) { o.target = SplitTarget::all; }, "--target"},
           Row{[](SplitOptions& o) { o.method = SplitMethod::leave_last; }, "--split windows"},
           Row{[](SplitOptions& o) { o.method = SplitMethod::automatic; }, "--split windows"},
       }) {
    PrepareOptions prepare = options("user,item\nann,a\nann,b\nann,c\n");
    row.change(prepare.split);
    const auto error = caught([&] { prepare_dataset(prepare); });
    EXPECT_EQ(error.code, ExitCode::usage) << row.says;
    EXPECT_TRUE(error.says(row.says)) << row.says;
    EXPECT_FALSE(std::filesystem::exists(prepare.out));
  }
}

TEST_F(PreparedWindows, ThatAreTooShortAreNamed) {
  const PrepareReport report = prepare_dataset(options("user,item\nann,a\nann,b\nbob,c\n"));
  EXPECT_EQ(report.users_without_test, 2);
  EXPECT_NE(report.warnings.back().find("a window needs 3 events"), std::string::npos);
}

}  // namespace
}  // namespace truenext
