// SPDX-License-Identifier: Apache-2.0
#include "run/preset_choice.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "run/run_config.h"

namespace truenext {
namespace {

DatasetSummary summary_of(int64_t users, int64_t items, double median, double upper,
                          int64_t repeats = 0) {
  DatasetSummary summary;
  summary.users = users;
  summary.items = items;
  summary.train_lengths.count = users;
  summary.train_lengths.total = static_cast<int64_t>(static_cast<double>(users) * median * 1.5);
  summary.train_lengths.median = median;
  summary.train_lengths.upper_quartile = upper;
  summary.train_repeats = repeats;
  return summary;
}

bool sets(const PresetChoice& choice, const std::string& setting) {
  return std::ranges::find(choice.settings, setting) != choice.settings.end();
}

TEST(PresetChoice, FollowsTheLengthOfHistories) {
  const PresetChoice films = choose_preset(summary_of(6040, 3416, 94, 205));
  EXPECT_EQ(films.preset, "sasrec-movies");
  EXPECT_EQ(films.settings, std::vector<std::string>{"model.max_length=200"});
  const PresetChoice few = choose_preset(summary_of(943, 1682, 63, 146));  // too few for its blocks
  EXPECT_EQ(few.preset, "sasrec-ce");
  const PresetChoice shop = choose_preset(summary_of(22363, 12101, 4, 7));
  EXPECT_EQ(shop.preset, "sasrec-shop");
  EXPECT_EQ(shop.settings, std::vector<std::string>{"model.max_length=50"});
}

TEST(PresetChoice, WindowHoldsThreeQuartersOfTheUsers) {
  EXPECT_TRUE(sets(choose_preset(summary_of(9000, 3000, 30, 50)), "model.max_length=50"));
  EXPECT_TRUE(sets(choose_preset(summary_of(9000, 3000, 30, 50.25)), "model.max_length=100"));
  EXPECT_TRUE(sets(choose_preset(summary_of(9000, 3000, 60, 1e6)), "model.max_length=200"));
}

TEST(PresetChoice, FewUsersGetSmallBatches) {
  EXPECT_TRUE(sets(choose_preset(summary_of(943, 1682, 63, 146)), "train.batch_size=47"));
  EXPECT_TRUE(sets(choose_preset(summary_of(30, 100, 63, 146)), "train.batch_size=16"));
  EXPECT_EQ(choose_preset(summary_of(20 * 128, 1682, 63, 146)).settings.size(), 1u);
}

TEST(PresetChoice, RepeatsOfTheTrainingPartKeepSeenItems) {
  // 9,000 users with 1.5 x 60 training events each
  const int64_t tenth = 81000;
  EXPECT_TRUE(
      sets(choose_preset(summary_of(9000, 3000, 60, 70, tenth)), "train.exclude_seen=false"));
  EXPECT_FALSE(
      sets(choose_preset(summary_of(9000, 3000, 60, 70, tenth - 1)), "train.exclude_seen=false"));
}

TEST(PresetChoice, ManyScoresAreSampled) {
  EXPECT_EQ(choose_preset(summary_of(1000000, 500000, 4, 7)).preset, "gsasrec");
}

TEST(PresetChoice, SaysWhyAndResolves) {
  for (const DatasetSummary& summary :
       {summary_of(6040, 3416, 94, 205), summary_of(1083, 5135, 91, 140, 110000),
        summary_of(300, 40, 3, 4), summary_of(1000000, 500000, 4, 7)}) {
    const PresetChoice choice = choose_preset(summary);
    EXPECT_EQ(choice.reasons.size(), choice.settings.size() + 1);
    RunConfig config;
    apply_preset(config, choice.preset);
    EXPECT_NO_THROW(apply_settings(config, choice.settings));
  }
}

TEST(PresetChoice, LeavesOutWhatSomebodySetsHimself) {
  const PresetChoice choice = choose_preset(summary_of(943, 1682, 63, 146));
  ASSERT_EQ(choice.settings.size(), 2u);
  const PresetChoice rest = choice.without({"train.batch_size=11", "model.dropout=0.1"});
  EXPECT_EQ(rest.preset, choice.preset);
  EXPECT_EQ(rest.settings, std::vector<std::string>{choice.settings[0]});
  EXPECT_EQ(rest.reasons, (std::vector<std::string>{choice.reasons[0], choice.reasons[1]}));
}

TEST(PresetChoice, RefusesWhereThereIsNothingToChooseBy) {
  EXPECT_THROW(choose_preset(DatasetSummary()), Error);
  RunConfig config;
  try {
    apply_preset(config, kAutoPreset);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("looks at a dataset"), std::string::npos);
  }
}

}  // namespace
}  // namespace truenext
