// SPDX-License-Identifier: Apache-2.0
// A dataset of windows, from prepare to recommend.
#include "base/file.h"
#include "data/windows.h"
#include "eval/commands.h"

namespace truenext {
namespace {

class WindowCommands : public Commands {
 protected:
  void SetUp() override {
    Commands::SetUp();
    const Answer answer = run("prepare " + at("log.csv") + " --out " + at("windows") +
                              " --split windows --window-length 5 --json");
    ASSERT_EQ(answer.status, 0) << answer.errors;
    prepared_ = Json::parse(answer.out);
    write_run("windowed", Dataset::open(folder_ / "windows"), 2);
  }
  Json prepared_;
};

TEST_F(WindowCommands, EveryOutputNamesTheLeak) {
  const std::string split = prepared_["split"];
  EXPECT_GT(prepared_["windows"]["leaked_test"], 0);
  EXPECT_TRUE(split.starts_with("windows of 5, stride 5, 1 validation, 1 test; leaks ")) << split;
  const Json described = Json::parse(run("describe " + at("windows") + " --json").out);
  EXPECT_EQ(described["windows"], prepared_["windows"]);
  EXPECT_EQ(described["split"], split);
  EXPECT_NE(run("describe " + at("windows")).out.find("test targets leaked"), std::string::npos);
  EXPECT_NE(run("evaluate " + at("windowed")).out.find(split), std::string::npos);
  const Json result = Json::parse(read_file(folder_ / "windowed/test.json", 1 << 20));
  EXPECT_EQ(result["data"]["split"], split);
  EXPECT_EQ(result["counts"]["users"], prepared_["windows"]["held_out"]);
}

TEST_F(WindowCommands, BatchMeansHaveAFileOfTheirOwn) {
  ASSERT_EQ(run("evaluate " + at("windowed")).status, 0);
  const Answer answer = run("evaluate " + at("windowed") + " --batch-mean 7");
  ASSERT_EQ(answer.status, 0) << answer.errors;
  EXPECT_NE(answer.out.find("mean of the means of batches of 7 users"), std::string::npos);
  const Json plain = Json::parse(read_file(folder_ / "windowed/test.json", 1 << 20));
  const Json batches = Json::parse(read_file(folder_ / "windowed/test_batch7.json", 1 << 20));
  EXPECT_FALSE(plain["protocol"].contains("batch_mean"));
  EXPECT_EQ(batches["protocol"]["batch_mean"], 7);
  EXPECT_EQ(read_file(folder_ / "windowed/per_user.tsv", 1 << 20),
            read_file(folder_ / "windowed/per_user_batch7.tsv", 1 << 20));
  const double exact = plain["metrics"]["mrr"]["mean"],
               reported = batches["metrics"]["mrr"]["mean"];
  const int64_t users = plain["counts"]["users"];
  ASSERT_NE(users % 7, 0);
  EXPECT_NE(exact, reported);
  EXPECT_NEAR(exact, reported, 0.05);
  EXPECT_EQ(run("evaluate " + at("windowed") + " --batch-mean 0").status, 1);
}

TEST_F(WindowCommands, RecommendTakesTheNewestWindowOfAUser) {
  const Dataset windows = Dataset::open(folder_ / "windows");
  int32_t first = 0;  // of a user of several windows
  const auto raw = [&](int32_t window) { return std::string(windows.users().raw(window)); };
  while (raw(first + 1).ends_with("#1")) ++first;
  const std::string user = raw(first).substr(0, raw(first).size() - 2);
  const int32_t newest = find_history(windows, user).value();
  EXPECT_GT(newest, first);
  const std::string recommend = "recommend " + at("windowed") + " --json -k 3 --user ";
  const Answer of_user = run(recommend + user);
  ASSERT_EQ(of_user.status, 0) << of_user.errors;
  EXPECT_NE(of_user.errors.find(raw(newest)), std::string::npos) << of_user.errors;
  EXPECT_EQ(of_user.out, run(recommend + "'" + raw(newest) + "'").out);
  EXPECT_NE(of_user.out, run(recommend + "'" + raw(first) + "'").out);
  EXPECT_EQ(run(recommend + "nobody").status, 2);
}

}  // namespace
}  // namespace truenext
