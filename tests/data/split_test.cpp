// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using test::caught;

SplitOptions leave_last(int64_t valid, int64_t test) {
  SplitOptions options;
  options.valid = valid;
  options.test = test;
  return options;
}

TEST(LeaveLast, CutsFromTheEnd) {
  const std::vector<int64_t> offsets{0, 10};
  EXPECT_EQ(make_split(offsets, {}, leave_last(1, 1))[0], (SplitPoint{8, 8, 9, 9, 10}));
  EXPECT_EQ(make_split(offsets, {}, leave_last(1, 5))[0], (SplitPoint{4, 4, 5, 5, 10}));
  EXPECT_EQ(make_split(offsets, {}, leave_last(0, 2))[0], (SplitPoint{8, 8, 8, 8, 10}));
}

TEST(LeaveLast, UsersTooShortForATrainingItemAreOnlyTrainedOn) {
  const std::vector<int64_t> offsets{0, 2, 5};
  const auto split = make_split(offsets, {}, leave_last(1, 1));
  EXPECT_EQ(split[0], (SplitPoint{2, 2, 2, 2, 2}));
  EXPECT_EQ(split[1], (SplitPoint{1, 1, 2, 2, 3}));
}

TEST(LeaveLast, UsersOutsideTheSampleTrainOnTheirValidationItem) {
  std::vector<int64_t> offsets{0};
  for (int i = 0; i < 50; ++i) offsets.push_back(offsets.back() + 5);
  offsets.push_back(offsets.back() + 1);  // too short to be drawn
  SplitOptions options = leave_last(1, 1);
  options.valid_users = 20;
  const auto split = make_split(offsets, {}, options);
  int sampled = 0;
  for (int i = 0; i < 50; ++i) {
    const bool in_sample = split[i] == SplitPoint{3, 3, 4, 4, 5};
    sampled += in_sample;
    if (!in_sample) {
      EXPECT_EQ(split[i], (SplitPoint{4, 4, 4, 4, 5}));
    }
  }
  EXPECT_EQ(sampled, 20);
  EXPECT_EQ(split, make_split(offsets, {}, options));
  options.seed = 43;
  EXPECT_NE(split, make_split(offsets, {}, options));
}

class Temporal : public testing::Test {
 protected:
  // Times 0..9; training below 6, validation 6 and 7, test 8 and 9.
  const std::vector<int64_t> offsets_{0, 4, 7, 8, 10};
  const std::vector<int64_t> times_{0, 3, 6, 8, /**/ 1, 2, 7, /**/ 9, /**/ 4, 5};
  std::vector<SplitPoint> split(SplitTarget target) const {
    SplitOptions options;
    options.method = SplitMethod::temporal;
    options.valid_share = 0.2;
    options.test_share = 0.2;
    options.target = target;
    return make_split(offsets_, times_, options);
  }
};

TEST_F(Temporal, TrainsOnlyBeforeTheGlobalTime) {
  const auto split = this->split(SplitTarget::first);
  EXPECT_EQ(split[0], (SplitPoint{2, 2, 3, 3, 4}));
  EXPECT_EQ(split[1].train_end, 2);
  EXPECT_EQ(split[1].valid_end - split[1].valid_begin, 1);
  EXPECT_EQ(split[1].test_begin, split[1].test_end);
  EXPECT_EQ(split[2].train_end, 0);
  EXPECT_EQ(split[2].test_begin, split[2].test_end);  // no history to predict from
  EXPECT_EQ(split[3].train_end, 2);
}

TEST(TemporalTarget, IsTheFirstTheLastOrAllOfTheRange) {
  const std::vector<int64_t> offsets{0, 10};
  std::vector<int64_t> times{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  SplitOptions options;
  options.method = SplitMethod::temporal;
  options.valid_share = 0.3;
  options.test_share = 0.3;
  const auto cut = [&](SplitTarget target) {
    options.target = target;
    return make_split(offsets, times, options)[0];
  };
  EXPECT_EQ(cut(SplitTarget::first), (SplitPoint{4, 4, 5, 7, 8}));
  EXPECT_EQ(cut(SplitTarget::last), (SplitPoint{4, 6, 7, 9, 10}));
  EXPECT_EQ(cut(SplitTarget::all), (SplitPoint{4, 4, 7, 7, 10}));
}

TEST(ByUser, HoldsWholeUsersOut) {
  std::vector<int64_t> offsets{0};
  for (int i = 0; i < 100; ++i) offsets.push_back(offsets.back() + 6);
  SplitOptions options;
  options.method = SplitMethod::by_user;
  options.valid_share = 0.2;
  options.test_share = 0.3;
  options.test = 2;
  int train = 0, valid = 0, test = 0;
  for (const SplitPoint& cut : make_split(offsets, {}, options)) {
    if (cut == SplitPoint{6, 6, 6, 6, 6}) ++train;
    if (cut == SplitPoint{0, 5, 6, 6, 6}) ++valid;
    if (cut == SplitPoint{0, 6, 6, 4, 6}) ++test;
  }
  EXPECT_EQ(train, 50);
  EXPECT_EQ(valid, 20);
  EXPECT_EQ(test, 30);
}

TEST(Split, RefusesWhatMakesNoSense) {
  SplitOptions options;
  options.method = SplitMethod::automatic;
  const auto error = caught([&] { check_split(options); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("known: leave-last, temporal, by-user, given"));
  options = {};
  options.test_share = 0.95;
  EXPECT_TRUE(caught([&] { check_split(options); }).says("--test-share"));
  options = {};
  options.valid = -1;
  EXPECT_TRUE(caught([&] { check_split(options); }).says("negative"));
}

TEST(ValueAtRank, EqualsSorting) {
  RandomStream random(random_key(1, Purpose::simulate));
  for (const uint64_t span : {uint64_t{1}, uint64_t{10}, uint64_t{1} << 20, ~uint64_t{0}}) {
    std::vector<int64_t> values;
    for (int i = 0; i < 1000; ++i) values.push_back(static_cast<int64_t>(random.next64() % span));
    std::vector<int64_t> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    for (const int64_t rank : {0, 1, 499, 998, 999}) {
      EXPECT_EQ(value_at_rank(values, rank), sorted[rank]) << span;
    }
  }
  EXPECT_EQ(value_at_rank(std::vector<int64_t>{7}, 0), 7);
}

}  // namespace
}  // namespace truenext
