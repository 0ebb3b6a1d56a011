// SPDX-License-Identifier: Apache-2.0
#include "eval/result_names.h"

#include <gtest/gtest.h>

#include <functional>

#include "support/test_files.h"

namespace truenext {
namespace {

EvalReport report_of_users(int64_t users) {
  EvalReport report;
  Jagged<int64_t> ranks;
  for (int64_t user = 0; user < users; ++user) ranks.add_row(std::vector<int64_t>{0});
  report.rows.push_back({"model", compute_metrics(parse_metrics("mrr"), ranks)});
  report.all_users = 10;
  return report;
}

TEST(ResultNames, EveryProtocolHasItsOwn) {
  struct Row {
    std::function<void(EvalReport&)> change;
    std::string result, per_user;
  };
  const Row rows[] = {
      {[](EvalReport&) {}, "test.json", "per_user.tsv"},
      {[](EvalReport& r) { r.protocol.max_users = 1000; }, "test.json", "per_user.tsv"},
      {[](EvalReport& r) { r.protocol.part = SplitPart::valid; }, "valid.json",
       "per_user_valid.tsv"},
      {[](EvalReport& r) { r.held_out_items = 5; }, "test_m5.json", "per_user_m5.tsv"},
      {[](EvalReport& r) { r.protocol.exclude_seen = false; }, "test_seen.json",
       "per_user_seen.tsv"},
      {[](EvalReport& r) {
         r.protocol.exclude_seen = false;
         r.usual_exclude_seen = false;
       },
       "test.json", "per_user.tsv"},
      {[](EvalReport& r) { r.protocol.ties = TieRule::behind; }, "test_ties-behind.json",
       "per_user_ties-behind.tsv"},
      {[](EvalReport& r) { r.protocol.batch_mean = 64; }, "test_batch64.json",
       "per_user_batch64.tsv"},
      {[](EvalReport& r) { r.protocol.min_target_value = 4.5; }, "test_value4.5.json",
       "per_user_value4.5.tsv"},
      {[](EvalReport& r) { r.protocol.candidates = CandidateRule::clean; }, "test_clean.json",
       "per_user_clean.tsv"},
      {[](EvalReport& r) {
         r.protocol.candidates = CandidateRule::clean;
         r.protocol.negatives = 50;
         r.held_out_items = 5;
       },
       "test_clean_m5.json", "per_user_clean_m5.tsv"},
      {[](EvalReport& r) {
         r.protocol.listed_file = "a b.txt";
         r.protocol.listed_fingerprint = "0123456789abcdef";
         r.held_out_items = 5;
       },
       "test_listed-01234567_m5.json", "per_user_listed-01234567_m5.tsv"},
  };
  for (const Row& row : rows) {
    EvalReport report = report_of_users(10);
    row.change(report);
    const ResultFiles files = result_files("run", report);
    EXPECT_EQ(files.result, std::filesystem::path("run") / row.result);
    EXPECT_EQ(files.per_user, std::filesystem::path("run") / row.per_user);
  }
}

TEST(ResultNames, ASampleAndAnotherSeedDoNotReplaceWhatIsThere) {
  const test::TemporaryFolder folder;
  EvalReport report = report_of_users(3);
  report.protocol.max_users = 3;
  const ResultFiles files = result_files(folder.path(), report);
  EXPECT_EQ(files.result, folder / "test_sample3.json");
  folder.write("test_sample3.json", report_json(report));
  EXPECT_EQ(result_files(folder.path(), report).result, files.result) << "the same again";
  report.protocol.seed = 7;
  EXPECT_EQ(result_files(folder.path(), report).result, folder / "test_sample3_seed7.json");
  EXPECT_EQ(result_files(folder.path(), report).per_user, folder / "per_user_sample3_seed7.tsv");
  folder.write("test_sample3.json", "damaged");
  EXPECT_EQ(result_files(folder.path(), report).result, files.result);
  EXPECT_NE(report_table(report).find("sample"), std::string::npos);
  EXPECT_EQ(users_text(report), "a sample of 3 of 10 users (--max-users, seed 7)");
}

TEST(ResultNames, OtherNegativesAndSeedsJoinTheNameWhereAResultIsThere) {
  const test::TemporaryFolder folder;
  EvalReport there = report_of_users(10);
  there.protocol.candidates = CandidateRule::clean;
  there.protocol.negatives = 50;
  folder.write("test_clean.json", report_json(there));
  struct Row {
    int64_t negatives;
    uint64_t seed;
    std::string result;
  };
  for (const Row& row :
       {Row{50, 42, "test_clean.json"}, Row{6, 42, "test_clean_n6.json"},
        Row{-1, 42, "test_clean_list101.json"}, Row{50, 7, "test_clean_seed7.json"},
        Row{6, 7, "test_clean_n6_seed7.json"}}) {
    EvalReport report = there;
    report.protocol.negatives = row.negatives;
    report.protocol.seed = row.seed;
    EXPECT_EQ(result_files(folder.path(), report).result, folder / row.result);
  }
}

TEST(ResultNames, LooksAreCountedOverAllProtocols) {
  const test::TemporaryFolder folder;
  EvalReport report = report_of_users(3);
  EXPECT_EQ(earlier_looks(folder.path(), report), 0);
  EXPECT_EQ(earlier_looks(folder / "none", report), 0);
  report.times_evaluated = 4;
  folder.write("test_sample3.json", report_json(report));
  report.times_evaluated = 2;
  folder.write("test.json", report_json(report));
  report.times_evaluated = 9;
  folder.write("valid.json", report_json(report));
  EXPECT_EQ(earlier_looks(folder.path(), report), 4);
}

TEST(ResultNames, LooksOutliveTheirResultsButNotTheirRun) {
  const test::TemporaryFolder folder;
  EvalReport report = report_of_users(3);
  report.times_evaluated = 4;
  folder.write("test.json", report_json(report));
  remove_results(folder.path());
  EXPECT_TRUE(results_in(folder.path()).empty());
  EXPECT_EQ(earlier_looks(folder.path(), report), 4);
  remove_results(folder.path());  // nothing more to remove
  report.times_evaluated = 5;
  folder.write("test_clean.json", report_json(report));
  EXPECT_EQ(results_in(folder.path()), std::vector<std::string>{"test_clean"});
  EXPECT_EQ(earlier_looks(folder.path(), report), 5);
  remove_results(folder.path());
  EXPECT_EQ(earlier_looks(folder.path(), report), 5);
  folder.write("looks.json", "{\"test\": 1e30}");
  EXPECT_EQ(earlier_looks(folder.path(), report), 0);
  folder.write("looks.json", "{\"test\": 3}");
  EXPECT_EQ(earlier_looks(folder.path(), report), 3);
  forget_looks(folder.path());
  EXPECT_EQ(earlier_looks(folder.path(), report), 0);
}

TEST(ResultNames, PerUserFilesGoWithThem) {
  EXPECT_EQ(per_user_file_name("test"), "per_user.tsv");
  EXPECT_EQ(per_user_file_name("valid"), "per_user_valid.tsv");
  EXPECT_EQ(per_user_file_name("test_m5"), "per_user_m5.tsv");
  EXPECT_EQ(per_user_file_name("valid_m5"), "per_user_valid_m5.tsv");
}

TEST(ResultNames, OfAReplacedModelAreRemoved) {
  const test::TemporaryFolder folder;
  EvalReport report = report_of_users(3);
  report.times_evaluated = 1;
  const char* results[] = {"test.json",    "test_clean.json",    "valid.json",
                           "per_user.tsv", "per_user_valid.tsv", "calibration.json"};
  const char* others[] = {"testers.json",  "test.toml",     "config.toml",
                          "metrics.jsonl", "per_users.tsv", "dump_metrics/sasrec.test.json"};
  for (const char* name : results) folder.write(name, report_json(report));
  for (const char* name : others) folder.write(name, report_json(report));
  folder.write("test_of_mine.json", "[1, 2]");
  testing::internal::CaptureStderr();
  remove_results(folder.path());
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("results of the model before are removed: calibration.json, per_user.tsv, "
                      "per_user_valid.tsv, test.json, test_clean.json, valid.json"),
            std::string::npos)
      << text;
  for (const char* name : results) EXPECT_FALSE(std::filesystem::exists(folder / name)) << name;
  for (const char* name : others) EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
  EXPECT_TRUE(std::filesystem::exists(folder / "test_of_mine.json")) << "no result";
}

}  // namespace
}  // namespace truenext
