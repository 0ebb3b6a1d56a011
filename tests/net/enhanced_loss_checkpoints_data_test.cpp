// SPDX-License-Identifier: Apache-2.0
// Trained checkpoints of the CCE paper's code: hidden states, best items and test ranks as that
// code gives them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "inference/model_weights.h"
#include "support/s3rec_checkpoint.h"

namespace truenext {
namespace {

using test::kS3rec;
using test::S3recCheckpoint;

class EnhancedLossCheckpoint : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kS3rec)) GTEST_SKIP() << kS3rec << " is not there";
  }
};

TEST_P(EnhancedLossCheckpoint, GivesTheGoldenHiddenStatesAndBestItems) {
  const S3recCheckpoint checkpoint(GetParam());
  std::ifstream stream(kS3rec / "golden" / ("forward_" + std::string(GetParam()) + ".json"));
  const nlohmann::json golden = nlohmann::json::parse(stream);
  ASSERT_GE(golden["users"].size(), 10u);
  for (const auto& user : golden["users"]) {
    Jagged<int32_t> history;
    std::vector<int32_t> items;
    for (const int32_t id : user["input_ids_unpadded"]) items.push_back(id - 1);
    history.add_row(items);
    const std::vector<float> state = last_states(checkpoint.encoder(), history);
    const auto wanted = user["last_hidden"].get<std::vector<float>>();
    ASSERT_EQ(wanted.size(), state.size());
    for (size_t c = 0; c < wanted.size(); ++c) {
      EXPECT_NEAR(state[c], wanted[c], 2e-5) << "user " << user["user_line"] << " column " << c;
    }
    const std::vector<float> scores = checkpoint.scores(state.data());
    EXPECT_NEAR(scores[user["target"].get<size_t>()], user["target_score"].get<float>(), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EnhancedLossCheckpoint,
                         testing::Values("SASRec-Beauty-0-CCE", "SASRec-Beauty-0-BCE",
                                         "S3Rec-Beauty-150-CCE", "GRU4Rec-Beauty-0-CCE",
                                         "S3Rec-LastFM-150-BCE", "SASRec-LastFM-0-CCE",
                                         "GRU4Rec-LastFM-0-CE"));

class EnhancedLossRanks : public EnhancedLossCheckpoint {};

// Protocol of the original: all rows are candidates, items of the history score 0, strictly greater
// scores count. Float noise may move deep ranks a little.
TEST_P(EnhancedLossRanks, AgreeForAllTestUsers) {
  const S3recCheckpoint checkpoint(GetParam());
  std::ifstream lines(kS3rec / "LastFM.txt");
  std::ifstream ranks(kS3rec / "golden" / ("ranks_" + std::string(GetParam()) + ".txt"));
  int64_t users = 0, equal = 0, top_changes = 0;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream stream(line);
    int32_t user = 0, id = 0;
    stream >> user;
    std::vector<int32_t> items;
    while (stream >> id) items.push_back(id - 1);
    const int32_t target = items.back() + 1;
    items.pop_back();
    Jagged<int32_t> history;
    history.add_row(items);
    std::vector<float> scores =
        checkpoint.scores(last_states(checkpoint.encoder(), history).data());
    for (const int32_t item : items) scores[static_cast<size_t>(item) + 1] = 0;
    const float own = scores[static_cast<size_t>(target)];
    const auto rank =
        std::count_if(scores.begin(), scores.end(), [&](float score) { return score > own; });
    int64_t wanted = -1;
    ASSERT_TRUE(ranks >> wanted);
    ++users;
    equal += rank == wanted;
    top_changes += (rank < 20) != (wanted < 20);
    EXPECT_LE(std::abs(rank - wanted), 3) << "user " << user;
  }
  EXPECT_EQ(users, 1090);
  EXPECT_GE(static_cast<double>(equal), 0.97 * static_cast<double>(users));
  EXPECT_LE(top_changes, 3);
}

INSTANTIATE_TEST_SUITE_P(LastFM, EnhancedLossRanks,
                         testing::Values("S3Rec-LastFM-150-BCE", "SASRec-LastFM-0-CCE",
                                         "GRU4Rec-LastFM-0-CE"));

}  // namespace
}  // namespace truenext
