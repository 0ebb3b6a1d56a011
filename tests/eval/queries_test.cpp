// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "eval/evaluator.h"

namespace truenext {
namespace {

Jagged<int32_t> histories() {
  Jagged<int32_t> rows;
  rows.add_row(std::vector<int32_t>{0, 1, 2, 3, 4});
  rows.add_row(std::vector<int32_t>{5, 6, 5});
  rows.add_row(std::vector<int32_t>{7});
  rows.add_row(std::vector<int32_t>{8, 9, 9, 1, 9});
  return rows;
}

// train_end, valid, test
const std::vector<SplitPoint> kSplits{
    {3, 3, 4, 4, 5}, {1, 1, 2, 2, 3}, {0, 0, 0, 0, 1}, {1, 0, 0, 1, 5}};

TEST(QueriesFromASplit, TestUsesTheWholeHistoryBeforeTheHeldOutItems) {
  const Queries queries = make_queries(histories(), kSplits, {});
  EXPECT_EQ(queries.users, (std::vector<int32_t>{0, 1, 3}));
  EXPECT_EQ(queries.histories.values, (std::vector<int32_t>{0, 1, 2, 3, 5, 6, 8}));
  EXPECT_EQ(queries.targets.values, (std::vector<int32_t>{4, 5, 9, 1}));
  EXPECT_EQ(queries.targets.offsets, (std::vector<int64_t>{0, 1, 2, 4}));
}

TEST(QueriesFromASplit, WhatIsSpecialIsCounted) {
  const Queries queries = make_queries(histories(), kSplits, {});
  EXPECT_EQ(queries.repeat_targets, 1);     // user 1 comes back to item 5
  EXPECT_EQ(queries.duplicate_targets, 2);  // user 3 has item 9 three times in the held-out part
  EXPECT_EQ(queries.without_history, 1);    // user 2
}

TEST(QueriesFromASplit, ValidationSkipsUsersWithoutAValidationRange) {
  Protocol protocol;
  protocol.part = SplitPart::valid;
  const Queries queries = make_queries(histories(), kSplits, protocol);
  EXPECT_EQ(queries.users, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(queries.targets.values, (std::vector<int32_t>{3, 6}));
}

// Held out for the test: 4 | 5 | 7 | 9 9 1 9, of users 0 to 3.
TEST(QueriesFromASplit, OnlyItemsOfAValueAreTargetsWhereItIsAskedFor) {
  const std::vector<float> values{5, 5, 5, 5, 3, 1, 1, 2.5f, 5, 5, 1, 2, 4, 3};
  const struct {
    double least;
    std::vector<int32_t> users, targets;
    int64_t users_below, targets_below, duplicates;
  } cases[] = {{-1, {0, 1, 3}, {4, 5, 9, 1}, 0, 0, 2},
               {2.5, {0, 1, 3}, {4, 5, 1, 9}, 0, 2, 0},
               {3, {0, 3}, {4, 1, 9}, 1, 2, 0},
               {4, {3}, {1}, 2, 3, 0},
               {4.5, {}, {}, 3, 0, 0}};
  for (const auto& c : cases) {
    Protocol protocol;
    protocol.min_target_value = c.least;
    const Queries queries = make_queries(histories(), kSplits, protocol, values);
    EXPECT_EQ(queries.users, c.users) << c.least;
    EXPECT_EQ(queries.targets.values, c.targets) << c.least;
    EXPECT_EQ(queries.users_below_value, c.users_below) << c.least;
    EXPECT_EQ(queries.targets_below_value, c.targets_below) << c.least;
    EXPECT_EQ(queries.duplicate_targets, c.duplicates) << c.least;
    EXPECT_EQ(queries.all_users, std::ssize(c.users)) << c.least;
    EXPECT_EQ(queries.histories.size(), std::ssize(c.users));
  }
}

TEST(QueriesFromASplit, ASampleIsSeededAndAscending) {
  Jagged<int32_t> rows;
  std::vector<SplitPoint> splits;
  for (int32_t user = 0; user < 500; ++user) {
    rows.add_row(std::vector<int32_t>{user, user + 1});
    splits.push_back({1, 0, 0, 1, 2});
  }
  Protocol protocol;
  protocol.max_users = 50;
  const Queries first = make_queries(rows, splits, protocol);
  EXPECT_EQ(first.users.size(), 50u);
  EXPECT_TRUE(std::is_sorted(first.users.begin(), first.users.end()));
  EXPECT_EQ(make_queries(rows, splits, protocol).users, first.users);
  protocol.seed = 43;
  EXPECT_NE(make_queries(rows, splits, protocol).users, first.users);
  protocol.max_users = 500;
  EXPECT_EQ(make_queries(rows, splits, protocol).users.size(), 500u);
}

/// 10 times the place among all events, from 0.
std::vector<int64_t> event_times() {
  std::vector<int64_t> times;
  for (int64_t event = 0; event < 14; ++event) times.push_back(10 * event);
  return times;
}

TEST(QueriesFromASplit, AreAskedWhenTheFirstHeldOutEventWas) {
  Protocol protocol;
  protocol.with_times = true;
  const Queries queries = make_queries(histories(), kSplits, protocol, {}, event_times());
  EXPECT_EQ(queries.event_times, (std::vector<int64_t>{0, 10, 20, 30, 50, 60, 90}));
  EXPECT_EQ(queries.request_times, (std::vector<int64_t>{40, 70, 100}));
  const HistoryTimes some = queries.times(1, 3);
  EXPECT_EQ(some.events.size(), queries.histories.values.size());
  EXPECT_TRUE(std::ranges::equal(some.requests, std::vector<int64_t>{70, 100}));
  Queries copy;
  copy.histories.add_row(queries.histories.row(1));
  copy.add_times(queries, 1);
  EXPECT_EQ(copy.event_times, (std::vector<int64_t>{50, 60}));
  EXPECT_EQ(copy.request_times, (std::vector<int64_t>{70}));
  EXPECT_TRUE(make_queries(histories(), kSplits, {}, {}, event_times()).event_times.empty());
}

TEST(QueriesFromASplit, AreThoseOfChosenUsersAlone) {
  Protocol protocol;
  protocol.users = {0, 2, 3};  // user 2 has no history
  const Queries queries = make_queries(histories(), kSplits, protocol);
  EXPECT_EQ(queries.users, (std::vector<int32_t>{0, 3}));
  EXPECT_EQ(queries.all_users, 2);
}

}  // namespace
}  // namespace truenext
