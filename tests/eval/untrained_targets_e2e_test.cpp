// SPDX-License-Identifier: Apache-2.0
// What evaluate says of held-out items that training never met.
#include <gtest/gtest.h>

#include "eval/commands.h"

namespace truenext {
namespace {

TEST_F(Commands, EvaluateShowsTheMetricWithoutTargetsThatTrainingNeverMet) {
  std::string log = "user,item,time\n";
  for (int user = 0; user < 20; ++user) {
    for (int at = 0; at < 5; ++at) log += fmt::format("u{},i{},{}\n", user, (user + at) % 9, at);
    // Every other user's last item is new to everybody.
    log += fmt::format("u{},{},9\n", user, user % 2 ? fmt::format("new{}", user) : "i8");
  }
  write_run("untrained", prepare_csv(folder_.write("new.csv", log), folder_ / "new-data"), 1);
  const Answer table = run("evaluate " + at("untrained") + " --metrics mrr");
  ASSERT_EQ(table.status, 0) << table.errors;
  EXPECT_NE(table.out.find("\n  trained targets "), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("10 of 20 held-out items are never met in training"), std::string::npos)
      << table.out;
  const Json json = Json::parse(run("evaluate " + at("untrained") + " --metrics mrr --json").out);
  EXPECT_EQ(json["counts"]["targets_never_trained"], 10);
  EXPECT_EQ(json["without_untrained_targets"]["users"], 10);
  EXPECT_GT(json["without_untrained_targets"]["metrics"]["mrr"]["mean"], 0);
}

}  // namespace
}  // namespace truenext
