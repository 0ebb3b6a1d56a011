// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ostream>

#include "data/dataset_summary.h"
#include "data/prepared.h"
#include "data/temporal_sides.h"

namespace truenext {
namespace {

struct Splitting {
  const char* name;
  SplitMethod method;
  std::vector<int> lengths;  ///< of the users' histories
  int64_t valid, test;
  double share;
  const char* warns;  ///< nothing = no warning
  friend std::ostream& operator<<(std::ostream& out, const Splitting& splitting) {
    return out << splitting.name;
  }
};

/// User u has the times 0, 1, ...; the first one begins as early as all others.
std::string log_of(const std::vector<int>& lengths) {
  std::string text = "user,item,time\n";
  for (size_t user = 0; user < lengths.size(); ++user) {
    for (int at = 0; at < lengths[user]; ++at) text += fmt::format("{},i{},{}\n", user, at, at);
  }
  return text;
}

class SplitWarningsTest : public testing::TestWithParam<Splitting> {};

TEST_P(SplitWarningsTest, CountsWhoIsLeftAndSaysWhatToChange) {
  const Splitting& splitting = GetParam();
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder, log_of(splitting.lengths));
  options.split.method = splitting.method;
  options.split.valid = splitting.valid;
  options.split.test = splitting.test;
  options.split.valid_share = options.split.test_share = splitting.share;
  const std::string said = fmt::format("{}", fmt::join(prepare_dataset(options).warnings, "\n"));
  EXPECT_NE(said.find(splitting.warns), std::string::npos) << said;
  if (*splitting.warns == '\0') {
    EXPECT_EQ(said, "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, SplitWarningsTest,
    testing::Values(
        Splitting{"nobody",
                  SplitMethod::leave_last,
                  {2, 2, 2},
                  1,
                  1,
                  0.1,
                  "none of 3 users can be tested: 3 have fewer than the 3 events"},
        Splitting{"hardly_anybody",
                  SplitMethod::leave_last,
                  {2, 2, 2, 2, 9},
                  1,
                  1,
                  0.1,
                  "only 1 of 5 users can be tested: 4 have fewer than the 3 events"},
        Splitting{"enough", SplitMethod::leave_last, {2, 9, 9}, 1, 1, 0.1, ""},
        Splitting{"nobody_is_wanted", SplitMethod::leave_last, {2, 2, 2}, 0, 0, 0.1, ""},
        Splitting{"too_many_items_held_out",
                  SplitMethod::leave_last,
                  {9, 9},
                  1,
                  10,
                  0.1,
                  "lower --valid or --test"},
        Splitting{"nobody_has_a_past",
                  SplitMethod::temporal,
                  {1, 1, 1},
                  1,
                  1,
                  0.1,
                  "none of 3 users can be tested: only users with events in the range and before "
                  "it are; a larger --test-share (now 0.1)"},
        Splitting{"temporal_with_somebody", SplitMethod::temporal, {9, 9, 9}, 1, 1, 0.2, ""},
        Splitting{"too_small_a_share",
                  SplitMethod::by_user,
                  {9, 9, 9},
                  1,
                  1,
                  0.1,
                  "none of 3 users can be tested: --test-share is 0.1 of users"},
        Splitting{"drawn_users_too_short",
                  SplitMethod::by_user,
                  {1, 1, 1, 1},
                  1,
                  1,
                  0.25,
                  "who need more than 1 events"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Order, EqualTimesLeaveItToTheFile) {
  const test::TemporaryFolder folder;
  const auto options = test::csv_options(folder, "user,item,time\n1,a,7\n1,b,7\n1,c,7\n");
  const PrepareReport report = prepare_dataset(options);
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_NE(report.warnings[0].find("the same time: the order of the file"), std::string::npos);
}

TEST(TemporalSides, CountEventsAndUsersOnEachSideOfTheCuts) {
  const test::TemporaryFolder folder;
  auto options = test::csv_options(folder,
                                   "user,item,time\n1,a,1\n1,b,2\n1,c,3\n1,d,4\n1,e,5\n"
                                   "2,a,6\n2,b,7\n3,c,8\n3,d,9\n1,a,10\n");
  EXPECT_FALSE(temporal_sides(test::prepared(options)).has_value());
  options.split.method = SplitMethod::temporal;
  options.split.valid_share = 0.2;
  options.split.test_share = 0.3;
  const PrepareReport report = prepare_dataset(options);
  ASSERT_TRUE(report.cut.has_value());
  EXPECT_EQ(report.cut->valid_time, 6);
  EXPECT_EQ(report.cut->test_time, 8);
  const auto check = [&] {
    const auto sides = temporal_sides(Dataset::open(options.out));
    ASSERT_TRUE(sides.has_value());
    EXPECT_EQ(sides->cut.valid_time, 6);
    EXPECT_EQ(sides->cut.test_time, 8);
    const auto counts = [](const TemporalSide& side) { return std::pair(side.events, side.users); };
    EXPECT_EQ(counts(sides->train), std::pair(int64_t{5}, int64_t{1}));
    EXPECT_EQ(counts(sides->valid), std::pair(int64_t{2}, int64_t{1}));
    EXPECT_EQ(counts(sides->test), std::pair(int64_t{3}, int64_t{2}));
  };
  check();
  // A dataset of a version that did not write the cut times.
  std::string text = test::file_bytes(options.out / "dataset.json");
  const size_t begin = text.find("    \"valid_time\""), end = text.find("    \"seed\"", begin);
  ASSERT_LT(begin, end);
  test::write_bytes(options.out / "dataset.json", text.erase(begin, end - begin));
  check();
}

TEST(Density, CountsDifferentPairs) {
  const test::TemporaryFolder folder;
  std::string text = "user,item,time\n";
  for (int i = 0; i < 10000; ++i) text += fmt::format("1,{},{}\n", i % 600, i);
  const DatasetSummary summary = summarise(test::prepared(test::csv_options(folder, text)));
  EXPECT_EQ(summary.distinct_pairs, 600);
  EXPECT_EQ(summary.repeated_pairs, 9400);
  EXPECT_EQ(summary.train_repeats, 9398);  // two events are held out
  EXPECT_DOUBLE_EQ(summary.sparsity, 0);
}

}  // namespace
}  // namespace truenext
