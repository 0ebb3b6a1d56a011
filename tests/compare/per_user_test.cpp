// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "compare/judged_run.h"
#include "compare/per_user_values.h"
#include "compare/run_result.h"
#include "compare/sides.h"
#include "inference/error_text.h"

namespace truenext {
namespace {

using test::JudgedRun;

class PerUser : public ::testing::Test {
 protected:
  /// The message for a file of this text.
  std::string refusal(const std::string& text) {
    test::write_bytes(folder_ / "p.tsv", text);
    ExitCode code = ExitCode::ok;
    const std::string message = error_text([&] { (void)read_per_user(folder_ / "p.tsv"); }, &code);
    EXPECT_EQ(code, ExitCode::data) << text;
    return message;
  }
  test::TemporaryFolder folder_;
};

TEST_F(PerUser, ReadsWhatEvaluateWrites) {
  test::write_bytes(folder_ / "p.tsv",
                    "user\tmrr\thr@1\trank\nann\t0.5\t0\t2\nbob\\tx\t1e-3\t1\t1,-\n");
  const PerUserValues values = read_per_user(folder_ / "p.tsv");
  EXPECT_EQ(values.users, (std::vector<std::string>{"ann", "bob\\tx"}));
  EXPECT_EQ(values.metrics, (std::vector<std::string>{"mrr", "hr@1"}));
  EXPECT_EQ(values.columns[0], (std::vector<double>{0.5, 0.001}));
  EXPECT_EQ(values.find("hr@1"), 1);
  EXPECT_EQ(values.find("map"), -1);
}

TEST_F(PerUser, BrokenFilesAreRefusedWithTheirPlace) {
  const struct {
    const char *text, *says;
  } cases[] = {
      {"", "empty"},
      {"user\trank\nann\t1\n", "p.tsv:1: not a per-user result"},
      {"item\tmrr\trank\n", "p.tsv:1: not a per-user result"},
      {"user\tmrr\tmrr\trank\nann\t1\t1\t1\n", "p.tsv:1: column 3 (mrr)"},
      {"user\tmrr\trank\n", "no users"},
      {"user\tmrr\trank\nann\t0.5\n", "p.tsv:2: 2 columns, the header has 3"},
      {"user\tmrr\trank\nann\t0.5\t1\nbob\thalf\t1\n", "p.tsv:3: mrr = \"half\" is no number"},
      {"user\tmrr\trank\nann\tnan\t1\n", "p.tsv:2: mrr = \"nan\""},
      {"user\tmrr\trank\nann\t0.5x\t1\n", "p.tsv:2: mrr = \"0.5x\""},
      {"user\tmrr\trank\nann\t1\t1\nann\t1\t1\n", "p.tsv:3: user ann comes twice"},
  };
  for (const auto& c : cases) {
    const std::string message = refusal(c.text);
    EXPECT_NE(message.find(c.says), std::string::npos) << message;
  }
  EXPECT_FALSE(error_text([&] { (void)read_per_user(folder_ / "none.tsv"); }).empty());
}

TEST_F(PerUser, UsersComeIntoTheSameOrderOrAreRefused) {
  PerUserValues values{{"b", "a"}, {"mrr"}, {{2, 1}}};
  const std::vector<std::string> like = {"a", "b"};
  align_users(&values, "two", {"one", like});
  EXPECT_EQ(values.users, like);
  EXPECT_EQ(values.columns[0], (std::vector<double>{1, 2}));
  PerUserValues fewer{{"b"}, {"mrr"}, {{2}}};
  EXPECT_NE(error_text([&] {
              align_users(&fewer, "two", {"one", like});
            }).find("user a"),
            std::string::npos);
  PerUserValues more{{"b", "a", "c"}, {"mrr"}, {{2, 1, 0}}};
  EXPECT_NE(error_text([&] {
              align_users(&more, "two", {"one", like});
            }).find("more"),
            std::string::npos);
}

TEST_F(PerUser, RunsOfOtherDataSplitOrProtocolAreRefused) {
  JudgedRun{.values = {0.5, 1}}.write(folder_ / "a");
  const RunResult a = read_run_result(folder_ / "a", "test");
  const struct {
    JudgedRun run;
    const char* says;
  } cases[] = {
      {{.values = {0.5, 1}, .fingerprint = "d2"},
       "dataset fingerprint is \"d1\" in the first and \"d2\""},
      {{.values = {0.5, 1}, .split = "s2"}, "split fingerprint is \"s1\" in the first and \"s2\""},
      {{.values = {0.5, 1}, .ties = "ahead"},
       "protocol ties is \"half\" in the first and \"ahead\""},
      {{.values = {0.5, 1}, .max_users = 2}, "protocol max_users is \"0\" in the first and \"2\""},
      {{.values = {0.5, 1, 1}}, "more than the former"},
  };
  for (const auto& c : cases) {
    c.run.write(folder_ / "b");
    RunResult b = read_run_result(folder_ / "b", "test");
    ExitCode code = ExitCode::ok;
    const std::string message = error_text([&] { match_run(a, &b); }, &code);
    EXPECT_NE(message.find(c.says), std::string::npos) << message;
    EXPECT_EQ(code, ExitCode::data);
  }
  JudgedRun{.values = {0.25, 1}, .seed = 7}.write(folder_ / "b");  // nothing was drawn
  RunResult b = read_run_result(folder_ / "b", "test");
  EXPECT_EQ(error_text([&] { match_run(a, &b); }), "");
}

TEST_F(PerUser, RequestTimesStandBesideTheirLikeAlone) {
  JudgedRun{.values = {0.5, 1}}.write(folder_ / "a");
  JudgedRun{.values = {0.75, 1}, .request_time_known = true}.write(folder_ / "b");
  JudgedRun{.values = {0.25, 1}, .request_time_known = true}.write(folder_ / "c");
  const RunResult a = read_run_result(folder_ / "a", "test");
  RunResult b = read_run_result(folder_ / "b", "test"), c = read_run_result(folder_ / "c", "test");
  RunResult again = a;
  EXPECT_EQ(error_text([&] { match_run(b, &c); }), "");
  ExitCode code = ExitCode::ok;
  EXPECT_NE(error_text([&] { match_run(a, &b); }, &code).find("the second was told the time"),
            std::string::npos);
  EXPECT_EQ(code, ExitCode::data);
  EXPECT_NE(error_text([&] { match_run(b, &again); }).find("the first was told the time"),
            std::string::npos);
  EXPECT_EQ(error_text([&] { match_run(a, &b, /*mix_times=*/true); }), "");
  const auto sides = read_sides({{"plain", {folder_ / "a"}}, {"told", {folder_ / "b"}}}, "test",
                                /*mix_times=*/true);
  EXPECT_EQ(sides[0].label(), "plain");
  EXPECT_EQ(sides[1].label(), "told (request time known)");
}

// Means of batches of two: (0.5 + 0) / 2 and 1, so 0.625; nothing that is compared depends on them.
TEST_F(PerUser, MeansOfBatchesBelongToTheirUsers) {
  const JudgedRun judged{.values = {0.5, 0, 1}};
  judged.write(folder_ / "a");
  const RunResult plain = read_run_result(folder_ / "a", "test");
  std::string json = judged.json();
  const auto replace = [&](const std::string& old, const std::string& by) {
    ASSERT_NE(json.find(old), std::string::npos) << old;
    json.replace(json.find(old), old.size(), by);
  };
  replace("\"mean\": 0.5}", "\"mean\": 0.625}");
  replace("\"mean\": 0.25}", "\"mean\": 0.3125}");
  test::write_bytes(folder_ / "a" / "test.json", json);
  EXPECT_NE(error_text([&] { (void)read_run_result(folder_ / "a", "test"); }), "");
  replace("\"part\"", "\"batch_mean\": 2, \"part\"");
  test::write_bytes(folder_ / "a" / "test.json", json);
  RunResult batches = read_run_result(folder_ / "a", "test");
  EXPECT_EQ(error_text([&] { match_run(plain, &batches); }), "");
}

TEST_F(PerUser, FilesOfDifferentEvaluationsDoNotBelongTogether) {
  JudgedRun{.values = {0.5, 1}}.write(folder_ / "a");
  test::write_bytes(folder_ / "a" / "per_user.tsv", JudgedRun{.values = {0.5, 0.9}}.per_user());
  const std::string message = error_text([&] { (void)read_run_result(folder_ / "a", "test"); });
  EXPECT_NE(message.find("different evaluations"), std::string::npos) << message;
  test::write_bytes(folder_ / "a" / "test.json", "{ broken");
  EXPECT_NE(error_text([&] { (void)read_run_result(folder_ / "a", "test"); }).find("test.json"),
            std::string::npos);
  EXPECT_NE(error_text([&] { (void)read_run_result(folder_ / "a", "valid"); }).find("not judged"),
            std::string::npos);
  EXPECT_NE(error_text([&] { (void)read_run_result(folder_ / "z", "test"); }).find("no such run"),
            std::string::npos);
}

TEST_F(PerUser, SidesAreReadByNameAndBySeedFolders) {
  JudgedRun{.values = {0.5, 1}}.write(folder_ / "v/seed-1");
  JudgedRun{.values = {0.25, 1}}.write(folder_ / "v/seed-2");
  JudgedRun{.values = {0.25, 0.5}}.write(folder_ / "w");
  const SideRequest v = parse_side("v=" + (folder_ / "v").string());
  const auto sides = read_sides({v, {"w", {folder_ / "w"}}}, "test");
  ASSERT_EQ(sides[0].runs.size(), 2u);
  EXPECT_DOUBLE_EQ(sides[0].mean("ndcg@10"), (0.5 + 1 + 0.25 + 1) / 4);
  EXPECT_EQ(common_metrics(sides, ""), (std::vector<std::string>{"ndcg@10", "mrr"}));
  EXPECT_EQ(common_metrics(sides, "nDCG@10"), (std::vector<std::string>{"ndcg@10"}));
  EXPECT_NE(
      error_text([&] { (void)common_metrics(sides, "recall@10"); }).find("no column recall@10"),
      std::string::npos);
  EXPECT_THROW((void)parse_side("nothing"), Error);
  EXPECT_THROW((void)parse_side("name="), Error);
  EXPECT_NE(error_text([&] {
              (void)read_sides({v, {"again", {folder_ / "v/seed-1"}}}, "test");
            }).find("given twice"),
            std::string::npos);
  EXPECT_NE(error_text([&] {
              (void)read_sides({v, v}, "test");
            }).find("two sides are called v"),
            std::string::npos);
}

}  // namespace
}  // namespace truenext
