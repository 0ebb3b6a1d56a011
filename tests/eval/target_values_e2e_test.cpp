// SPDX-License-Identifier: Apache-2.0
// `evaluate --min-target-value`: only held-out items of a value are targets.
#include "base/file.h"
#include "eval/commands.h"

namespace truenext {
namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class TargetValues : public Commands {
 protected:
  // The test items: ann's d is worth 5, bob's d 2, eve's c 4.
  void SetUp() override {
    folder_.write("ratings.csv",
                  "user,item,rating,time\nann,a,1,1\nann,b,1,2\nann,d,5,3\nbob,b,5,1\nbob,c,5,2\n"
                  "bob,d,2,3\neve,d,5,1\neve,a,5,2\neve,c,4,3\n");
    folder_.write("lists.tsv", "ann\td c\nbob\td a\neve\tb c\n");
    ASSERT_EQ(prepare("rated", "--keep-values").status, 0);
  }
  Answer prepare(const std::string& name, const std::string& more) const {
    return run("prepare " + at("ratings.csv") + " --out " + at(name) + " " + more);
  }
  Answer evaluate(const std::string& data, const std::string& more) const {
    return run("evaluate --lists " + at("lists.tsv") + " --data " + at(data) +
               " --metrics mrr,recall@1 " + more);
  }
};

TEST_F(TargetValues, LeaveUsersOutWhoHoldNoneOfThem) {
  const Answer all = evaluate("rated", "--json");
  ASSERT_EQ(all.status, 0) << all.errors;
  const Json plain = Json::parse(all.out);
  EXPECT_NEAR(plain["metrics"]["mrr"]["mean"], (1 + 1 + 0.5) / 3, 1e-12);
  EXPECT_FALSE(plain["counts"].contains("users_below_value"));
  const struct {
    const char* least;
    int64_t judged, left_out;
    double mrr, recall;
  } cases[] = {{"4", 2, 1, 0.75, 0.5}, {"4.5", 1, 2, 1, 1}, {"2", 3, 0, 2.5 / 3, 2.0 / 3}};
  for (const auto& c : cases) {
    const Answer answer = evaluate("rated", std::string("--json --min-target-value ") + c.least);
    ASSERT_EQ(answer.status, 0) << answer.errors;
    const Json json = Json::parse(answer.out);
    EXPECT_NEAR(json["metrics"]["mrr"]["mean"], c.mrr, 1e-12) << c.least;
    EXPECT_NEAR(json["metrics"]["recall@1"]["mean"], c.recall, 1e-12) << c.least;
    EXPECT_EQ(json["counts"]["users"], c.judged);
    EXPECT_EQ(json["counts"]["users_below_value"], c.left_out);
    EXPECT_EQ(json["counts"]["targets_below_value"], 0);
    EXPECT_EQ(json["protocol"]["min_target_value"], std::stod(c.least));
  }
  const Answer shown = evaluate("rated", "--min-target-value 4");
  EXPECT_TRUE(says(shown.out, "test, value >= 4")) << shown.out;
  EXPECT_TRUE(says(shown.out, "value 4 or more: 2 users have one, 1 have none")) << shown.out;
}

TEST_F(TargetValues, AreThoseOfWindows) {
  ASSERT_EQ(prepare("windows", "--keep-values --split windows --window-length 3").status, 0);
  folder_.write("lists.tsv", "ann#1\td c\nbob#1\td a\neve#1\tb c\n");
  const Json json = Json::parse(evaluate("windows", "--json --min-target-value 4").out);
  EXPECT_NEAR(json["metrics"]["mrr"]["mean"], 0.75, 1e-12);
  EXPECT_EQ(json["counts"]["users_below_value"], 1);
}

// With two held-out items a low one is a candidate like any other.
TEST_F(TargetValues, LowHeldOutItemsOfAUserAreNoTargets) {
  ASSERT_EQ(prepare("two", "--keep-values --test 2 --valid 0").status, 0);
  folder_.write("lists.tsv", "ann\tb d\nbob\td c\neve\ta c\n");
  const Json json = Json::parse(evaluate("two", "--json --min-target-value 4.5").out);
  // ann holds out b (1) and d (5), bob c (5) and d (2), eve a (5) and c (4).
  EXPECT_EQ(json["counts"]["users"], 3);
  EXPECT_EQ(json["counts"]["targets"], 3);
  EXPECT_EQ(json["counts"]["targets_below_value"], 3);
  EXPECT_NEAR(json["metrics"]["mrr"]["mean"], (0.5 + 0.5 + 1) / 3, 1e-12);
}

TEST_F(TargetValues, AreRefusedWhereTheyCannotBe) {
  ASSERT_EQ(prepare("bare", "").status, 0);
  const struct {
    const char* data;
    const char* options;
    int status;
    const char* says;
  } cases[] = {
      {"bare", "--min-target-value 4", 1, "prepare the data again with --keep-values"},
      {"rated", "--min-target-value 6", 2, "none of 3 users holds out an item of that value"},
      {"rated", "--min-target-value 4 --test-items 1", 1, "leave out one of the two"},
      {"rated", "--min-target-value many", 1, "--min-target-value"},
  };
  for (const auto& c : cases) {
    const Answer answer = evaluate(c.data, c.options);
    EXPECT_EQ(answer.status, c.status) << c.options;
    EXPECT_TRUE(says(answer.errors, c.says)) << answer.errors;
  }
}

// A run folder keeps the result of every protocol.
TEST_F(TargetValues, HaveAFileOfTheirOwn) {
  write_run("run", Dataset::open(folder_ / "rated"), 1);
  ASSERT_EQ(run("evaluate " + at("run")).status, 0);
  ASSERT_EQ(run("evaluate " + at("run") + " --min-target-value 4").status, 0);
  const Json plain = Json::parse(read_file(folder_ / "run/test.json", 1 << 20));
  const Json high = Json::parse(read_file(folder_ / "run/test_value4.json", 1 << 20));
  EXPECT_EQ(plain["counts"]["users"], 3);
  EXPECT_EQ(high["counts"]["users"], 2);
}

}  // namespace
}  // namespace truenext
