// SPDX-License-Identifier: Apache-2.0
// evaluate --candidates FILE and compare, as a user runs them.
#include <algorithm>

#include "eval/commands.h"

namespace truenext {
namespace {

class CandidateFiles : public Commands {
 protected:
  void SetUp() override {
    Commands::SetUp();
    const Dataset dataset = Dataset::open(folder_ / "data");
    write_run("other", dataset, 2);
    folder_.write("sample.txt", lines(dataset, 5));
    folder_.write("shorter.txt", lines(dataset, 4));
  }
  /// The first items that each user never met, so many.
  static std::string lines(const Dataset& dataset, size_t count) {
    std::string text;
    for (int64_t user = 0; user < dataset.num_users(); ++user) {
      const auto met = dataset.histories().row(user);
      text += dataset.users().raw(static_cast<int32_t>(user));
      size_t found = 0;
      for (int32_t item = 0; item < dataset.num_items() && found < count; ++item) {
        if (std::find(met.begin(), met.end(), item) != met.end()) continue;
        text += " " + std::string(dataset.items().raw(item));
        ++found;
      }
      text += "\n";
    }
    return text;
  }
  Answer evaluate(const std::string& run_folder, const std::string& arguments) const {
    return run("evaluate " + at(run_folder) + " --no-baselines " + arguments);
  }
  /// Names in a run folder that begin so, in order.
  std::vector<std::string> names(const std::string& run_folder, const std::string& begin) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / run_folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(begin)) found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

TEST_F(CandidateFiles, TheResultSaysWhichFileAndKeepsAPlaceOfItsOwn) {
  const Answer full = evaluate("run", "");
  ASSERT_EQ(full.status, 0) << full.errors;
  const std::string before = test::file_bytes(folder_ / "run/test.json");
  const Answer answer =
      evaluate("run", "--metrics hr@6,mrr --json --candidates " + at("sample.txt"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  const Json json = Json::parse(answer.out);
  const std::string fingerprint = json["protocol"]["candidate_fingerprint"];
  EXPECT_EQ(json["metrics"]["hr@6"]["mean"], 1.0) << "six candidates";
  EXPECT_EQ(json["protocol"]["candidate_rule"], "listed");
  EXPECT_EQ(json["protocol"]["candidate_file"], "sample.txt");
  EXPECT_EQ(json["protocol"]["sampled_candidates"], true);
  EXPECT_TRUE(json["protocol"].contains("warning"));
  EXPECT_EQ(json["counts"]["candidate_file"]["negatives_in_history"], 0);
  EXPECT_EQ(json["counts"]["users_with_fewer_negatives"], 0);
  const std::string stem = "listed-" + fingerprint.substr(0, 8);
  EXPECT_EQ(names("run", "test_"), std::vector<std::string>{"test_" + stem + ".json"});
  EXPECT_EQ(names("run", "per_user_"), std::vector<std::string>{"per_user_" + stem + ".tsv"});
  EXPECT_EQ(test::file_bytes(folder_ / "run/test.json"), before);
  const Answer table = evaluate("run", "--candidates " + at("sample.txt"));
  EXPECT_NE(table.out.find("candidates from sample.txt"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find(fingerprint), std::string::npos) << table.out;
}

TEST_F(CandidateFiles, ResultsCompareWhenTheFilesSayTheSame) {
  folder_.write("renamed", test::file_bytes(folder_ / "sample.txt"));
  ASSERT_EQ(evaluate("run", "--candidates " + at("sample.txt")).status, 0);
  ASSERT_EQ(evaluate("other", "--seed 7 --candidates " + at("renamed")).status, 0);
  const std::string name = names("run", "test_").at(0);
  const std::string result = name.substr(0, name.size() - 5);
  const std::string compare = "compare " + at("run") + " " + at("other") + " --result " + result;
  const Answer same = run(compare);
  EXPECT_EQ(same.status, 0) << same.errors;
  // Another file under the name of the first.
  std::filesystem::remove(folder_ / "other" / name);
  ASSERT_EQ(evaluate("other", "--candidates " + at("shorter.txt")).status, 0);
  const std::string shorter = names("other", "test_").at(0);
  EXPECT_NE(shorter, name);
  EXPECT_EQ(run(compare).status, 2);
  std::filesystem::rename(folder_ / "other" / shorter, folder_ / "other" / name);
  std::filesystem::rename(
      folder_ / "other" / ("per_user" + shorter.substr(4, shorter.size() - 9) + ".tsv"),
      folder_ / "other" / ("per_user" + result.substr(4) + ".tsv"));
  const Answer other = run(compare);
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.errors.find("cannot be compared"), std::string::npos) << other.errors;
}

TEST_F(CandidateFiles, WhatGoesWrongIsNamed) {
  const std::string sample = test::file_bytes(folder_ / "sample.txt");
  folder_.write("odd.txt", sample + "nobody 1\n");
  folder_.write("twice.txt", sample + "1 2\n");
  folder_.write("few.txt", sample.substr(0, sample.find('\n') + 1));
  struct Row {
    std::string arguments;
    int status;
    std::string says;
  };
  const Row rows[] = {
      {"--candidates " + at("odd.txt"), 0, "odd.txt:201: user \"nobody\""},
      {"--candidates " + at("twice.txt"), 2, "twice.txt:201: a second line of user \"1\""},
      {"--candidates " + at("few.txt"), 2, "199 of 200 evaluated users have no line"},
      {"--candidates claen", 1, "no such file; want full, clean, original"},
      {"--candidates " + at("data"), 2, "data"},
      {"--candidates " + at("sample.txt") + " --negatives 9", 1, "leave out --negatives"},
      {"--candidates " + at("sample.txt") + " --include-seen", 1, "--include-seen"},
      {"--candidates " + at("sample.txt") + " --trec-run " + at("t"), 1, "--candidates full"},
  };
  for (const Row& row : rows) {
    const Answer answer = evaluate("run", row.arguments);
    EXPECT_EQ(answer.status, row.status) << row.arguments << "\n" << answer.errors;
    EXPECT_NE(answer.errors.find(row.says), std::string::npos) << answer.errors;
  }
}

}  // namespace
}  // namespace truenext
