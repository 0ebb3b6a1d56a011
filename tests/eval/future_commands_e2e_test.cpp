// SPDX-License-Identifier: Apache-2.0
// evaluate with several held-out items, drawn candidates and measures beyond accuracy, as a user
// runs it, with untrained models.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "eval/commands.h"

namespace truenext {
namespace {

using Json = nlohmann::json;

class FutureCommands : public Commands {
 protected:
  void SetUp() override {
    Commands::SetUp();
    ASSERT_EQ(run("prepare " + at("log.csv") + " --valid 2 --test 5 --min-user-events 8" +
                  " --out " + at("future"))
                  .status,
              0);
    const Dataset dataset = Dataset::open(folder_ / "future");
    write_run("one", dataset, 1);
    write_run("two", dataset, 2);
  }
  std::string evaluate(const std::string& arguments) const {
    return "evaluate " + at("one") + " --metrics ndcg@10,recall@5,frbo@10 " + arguments;
  }
  Json json(const std::string& name) const { return Json::parse(test::file_bytes(folder_ / name)); }
  /// Column `name` of a per-user file as text, line by line.
  std::vector<std::string> column(const std::string& file, const std::string& name) const {
    std::istringstream lines(test::file_bytes(folder_ / file));
    std::vector<std::string> header, values;
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> fields;
      std::istringstream cells(line);
      for (std::string cell; std::getline(cells, cell, '\t');) fields.push_back(cell);
      if (header.empty()) {
        header = fields;
        continue;
      }
      const auto at = std::find(header.begin(), header.end(), name) - header.begin();
      values.push_back(fields.at(static_cast<size_t>(at)));
    }
    return values;
  }
};

TEST_F(FutureCommands, EveryHorizonComesFromOneRanking) {
  const Answer answer = run(evaluate("--test-items 1,3"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  for (const char* word : {"\ntest, m = 1", "\ntest, m = 3", "frbo@10", "5 test"}) {
    EXPECT_NE(answer.out.find(word), std::string::npos) << word;
  }
  const auto all = column("one/per_user.tsv", "rank");
  const auto nearest = column("one/per_user_m1.tsv", "rank");
  const auto three = column("one/per_user_m3.tsv", "rank");
  ASSERT_EQ(all.size(), nearest.size());
  ASSERT_GT(all.size(), 100u);
  for (size_t user = 0; user < all.size(); ++user) {
    EXPECT_EQ(all[user].substr(0, all[user].find(',')), nearest[user]);
    EXPECT_EQ(all[user].substr(0, three[user].size()), three[user]);
  }
  const Json one = json("one/test_m1.json");
  EXPECT_EQ(one["protocol"]["held_out_items"], 1);
  EXPECT_EQ(one["counts"]["targets"], all.size());
  EXPECT_EQ(json("one/test.json")["protocol"]["held_out_items"], 0);
  EXPECT_TRUE(one["beside"].contains("popularity"));

  const Json out = Json::parse(run(evaluate("--test-items 1,3,5 --json")).out);
  ASSERT_EQ(out["horizons"].size(), 3u);
  EXPECT_EQ(out["horizons"][0]["metrics"], one["metrics"]);
  EXPECT_EQ(out["horizons"][2]["metrics"], out["metrics"]);  // 5 is the whole range
  EXPECT_NE(out["horizons"][1]["metrics"], out["metrics"]);
}

TEST_F(FutureCommands, AHorizonBeyondTheSplitIsRefusedBeforeAnythingIsWritten) {
  const Answer answer = run(evaluate("--test-items 1,6"));
  EXPECT_EQ(answer.status, 1);
  EXPECT_NE(answer.errors.find("at most 5"), std::string::npos) << answer.errors;
  EXPECT_NE(answer.errors.find("--test 6"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "one/test.json"));
  EXPECT_EQ(run(evaluate("--test-items 0")).status, 1);
}

TEST_F(FutureCommands, ValidationHoldsOutSeveralItemsToo) {
  const Answer answer = run(evaluate("--part valid --test-items 2 --json"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  const Json out = Json::parse(answer.out);
  EXPECT_EQ(out["horizons"][0]["counts"]["targets"], out["counts"]["targets"]);
  EXPECT_GT(out["counts"]["targets"], 3 * out["counts"]["users"].get<int>() / 2);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "one/per_user_valid_m2.tsv"));
}

TEST_F(FutureCommands, DrawnCandidatesAreNamedWarnedAboutAndKeptApart) {
  ASSERT_EQ(run(evaluate("")).status, 0);
  const std::string full = test::file_bytes(folder_ / "one/per_user.tsv");
  const Answer answer = run(evaluate("--candidates clean --negatives 6 --test-items 1"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  EXPECT_NE(answer.out.find("clean: the held-out items and 6 distinct items"), std::string::npos);
  EXPECT_NE(answer.out.find("another order"), std::string::npos);
  EXPECT_NE(answer.errors.find("another order"), std::string::npos);
  const Json clean = json("one/test_clean.json");
  EXPECT_EQ(clean["protocol"]["candidate_rule"], "clean");
  EXPECT_EQ(clean["protocol"]["sampled_candidates"], true);
  EXPECT_NE(clean["protocol"]["warning"].get<std::string>().find("order"), std::string::npos);
  EXPECT_EQ(clean["counts"]["times_evaluated"], 2);  // the part was opened for the full rule before
  EXPECT_EQ(test::file_bytes(folder_ / "one/per_user.tsv"), full);
  for (const std::string& rank : column("one/per_user_clean_m1.tsv", "rank")) {
    EXPECT_LE(std::stoi(rank), 7);
  }
}

TEST_F(FutureCommands, DrawnCandidatesAreTheSameForEveryModel) {
  for (const char* rule : {"clean", "original"}) {
    const std::string options = std::string(" --json --negatives 10 --candidates ") + rule;
    const Json one = Json::parse(run("evaluate " + at("one") + options).out);
    const Json two = Json::parse(run("evaluate " + at("two") + options).out);
    EXPECT_EQ(one["beside"], two["beside"]) << rule;
    EXPECT_NE(one["metrics"], two["metrics"]) << rule;
    const Json other = Json::parse(run("evaluate " + at("one") + options + " --seed 43").out);
    EXPECT_NE(one["beside"]["popularity"], other["beside"]["popularity"]) << rule;
    const Answer again = run("evaluate " + at("one") + options + " --threads 3");
    EXPECT_EQ(one["metrics"], Json::parse(again.out)["metrics"]) << rule;
  }
}

TEST_F(FutureCommands, ContradictoryOptionsAreRefused) {
  for (const char* options :
       {"--candidates sampled", "--negatives 5", "--candidates original --ties half",
        "--candidates clean --include-seen", "--candidates clean --trec-run run.txt",
        "--beyond 0"}) {
    EXPECT_EQ(run(evaluate(options)).status, 1) << options;
  }
  EXPECT_EQ(run(evaluate("--candidates original --ties behind")).status, 0);
}

TEST_F(FutureCommands, MeasuresBeyondAccuracyStandBesideTheMetrics) {
  const Answer answer = run(evaluate("--beyond 5"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  for (const char* word : {"beyond accuracy", "coverage@5", "gini@5", "novelty@5", "diversity@5"}) {
    EXPECT_NE(answer.out.find(word), std::string::npos) << word;
  }
  const Json beyond = json("one/test.json")["beyond_accuracy"];
  const auto value = [&](const char* row, const char* name) {
    return beyond[row][name]["mean"].get<double>();
  };
  EXPECT_LT(value("popularity", "coverage@5"), 1);
  EXPECT_GT(value("popularity", "gini@5"), value("model", "gini@5"));
  EXPECT_GT(value("popularity", "popularity@5"), value("model", "popularity@5"));
  EXPECT_LT(value("popularity", "novelty@5"), value("model", "novelty@5"));
}

TEST_F(FutureCommands, ListsFromElsewhereAreJudgedLikeTheModelThatMadeThem) {
  const std::string metrics = " --metrics ndcg@10,recall@5,frbo@10,rls_jac@10,mrr --json ";
  const std::string file = folder_ / "lists.trec";
  const Answer model = run("evaluate " + at("one") + metrics +
                           "--test-items 1,3 --trec-depth 60 --trec-run " + file);
  ASSERT_EQ(model.status, 0) << model.errors;
  const std::string lists = "evaluate --lists " + file + " --data " + at("future");
  const Answer answer = run(lists + metrics + "--test-items 1,3 --beyond 5");
  ASSERT_EQ(answer.status, 0) << answer.errors;
  const Json one = Json::parse(model.out), two = Json::parse(answer.out);
  EXPECT_EQ(two["metrics"], one["metrics"]);
  EXPECT_EQ(two["beside"], one["beside"]);
  EXPECT_EQ(two["horizons"][0]["metrics"], one["horizons"][0]["metrics"]);
  EXPECT_EQ(two["model"]["name"], "ranked lists");
  EXPECT_TRUE(two["beyond_accuracy"].contains("lists"));
  EXPECT_NE(run(lists).out.find("\nlists "), std::string::npos);
}

TEST_F(FutureCommands, ListsNeedDataAndNoModel) {
  const std::string file = folder_.write("lists.tsv", "1\t2 3\nnobody\t4\n");
  const std::string data = " --data " + at("future");
  EXPECT_EQ(run("evaluate --lists " + file).status, 1);
  EXPECT_EQ(run("evaluate").status, 1);
  EXPECT_EQ(run("evaluate " + at("one") + " --lists " + file + data).status, 1);
  EXPECT_EQ(run("evaluate --candidates clean --lists " + file + data).status, 1);
  const Answer answer = run("evaluate --lists " + file + data);
  ASSERT_EQ(answer.status, 0) << answer.errors;
  EXPECT_NE(answer.errors.find("have no list"), std::string::npos);
  EXPECT_NE(answer.errors.find("not evaluated here"), std::string::npos);
  folder_.write("lists.tsv", "1 2 3\n");
  const Answer broken = run("evaluate --lists " + file + data);
  EXPECT_EQ(broken.status, 2);
  EXPECT_NE(broken.errors.find("lists.tsv:1:"), std::string::npos) << broken.errors;
}

TEST_F(FutureCommands, StabilityComparesTheListsOfTwoRuns) {
  const std::string one = folder_ / "one", two = folder_ / "two";
  const Answer same = run("stability " + one + " " + one + " --json");
  ASSERT_EQ(same.status, 0) << same.errors;
  const auto mean = [](const Answer& answer, const char* label) {
    return Json::parse(answer.out)["agreement"][label]["mean"].get<double>();
  };
  EXPECT_NEAR(mean(same, "rbo@10"), 1, 1e-12);
  EXPECT_NEAR(mean(same, "jaccard@10"), 1, 1e-12);
  const Answer other = run("stability " + one + " " + two + " -k 5 --json");
  ASSERT_EQ(other.status, 0) << other.errors;
  EXPECT_LT(mean(other, "rbo@5"), 0.6);
  EXPECT_GT(mean(other, "rbo@5"), 0);
  EXPECT_EQ(mean(run("stability " + two + " " + one + " -k 5 --json"), "rbo@5"),
            mean(other, "rbo@5"));
  EXPECT_NE(run("stability " + one + " " + two).out.find("jaccard@10"), std::string::npos);
  // The run of the fixture keeps the users with few events.
  const Answer refused = run("stability " + one + " " + model());
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.errors.find("different data"), std::string::npos) << refused.errors;
  EXPECT_EQ(run("stability " + one).status, 1);
}

}  // namespace
}  // namespace truenext
