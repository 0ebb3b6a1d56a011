// SPDX-License-Identifier: Apache-2.0
// The verbs simulate, evaluate and recommend as a user runs them, with an untrained model.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "eval/commands.h"
#include "eval/evaluator.h"

namespace truenext {
namespace {

TEST_F(Commands, EvaluateFindsItsDataAndWritesItsFilesIntoTheRun) {
  const Answer answer =
      run("evaluate " + model() + " --metrics ndcg@10,R@1 --truth " + at("log.truth"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  for (const char* word : {"model", "popularity", "last-item bigram", "best achievable", "ndcg@10",
                           "recall@1", "200 users", "full catalogue of 40 items"}) {
    EXPECT_NE(answer.out.find(word), std::string::npos) << word;
  }
  const Json json = Json::parse(test::file_bytes(folder_ / "run/test.json"));
  EXPECT_EQ(json["counts"]["users"], 200);
  EXPECT_EQ(json["counts"]["times_evaluated"], 1);
  EXPECT_EQ(json["data"]["training_data"], "same");
  EXPECT_EQ(json["model"]["loss"], "none: untrained");
  EXPECT_GT(json["beside"]["best achievable"]["ndcg@10"]["mean"],
            json["metrics"]["ndcg@10"]["mean"]);

  // The means are those of the per-user values.
  std::istringstream lines(test::file_bytes(folder_ / "run/per_user.tsv"));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "user\tndcg@10\trecall@1\trank");
  double sum = 0;
  int users = 0;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string user;
    double value = 0;
    fields >> user >> value;
    sum += value;
    ++users;
  }
  EXPECT_EQ(users, 200);
  EXPECT_NEAR(sum / users, json["metrics"]["ndcg@10"]["mean"].get<double>(), 1e-9);
}

TEST_F(Commands, EvaluateShowsTheBaselinesThatAreAskedFor) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
      {"", {"last-item bigram", "popularity"}},
      {" --baselines default", {"last-item bigram", "popularity"}},
      {" --baselines all",
       {"Markov model", "last-item bigram", "nearest neighbours", "popularity"}},
      {" --baselines markov,popularity", {"Markov model", "popularity"}},
      {" --baselines none", {}},
      {" --no-baselines", {}},
  };
  for (const auto& [arguments, rows] : cases) {
    const Answer answer = run("evaluate " + model() + " --json --beyond 5" + arguments);
    ASSERT_EQ(answer.status, 0) << answer.errors;
    const Json json = Json::parse(answer.out);
    std::vector<std::string> found;
    for (const auto& [name, metrics] : json["beside"].items()) {
      found.push_back(name);
      EXPECT_GT(metrics["ndcg@10"]["mean"], 0) << name;
      EXPECT_TRUE(json["beyond_accuracy"].contains(name)) << name;
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, rows) << arguments;
  }
  const Answer table = run("evaluate " + model() + " --baselines neighbours,markov");
  EXPECT_NE(table.out.find("nearest neighbours"), std::string::npos);
  EXPECT_NE(table.out.find("Markov model"), std::string::npos);
  EXPECT_EQ(table.out.find("popularity"), std::string::npos);
}

TEST_F(Commands, EvaluateRefusesBaselinesThatItDoesNotKnow) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"--baselines neighbors", "did you mean neighbours?"},
      {"--baselines popularity,none", "\"none\" stands alone"},
      {"--baselines all --no-baselines", "--no-baselines is --baselines none"},
  };
  for (const auto& [arguments, message] : cases) {
    const Answer answer = run("evaluate " + model() + " " + arguments);
    EXPECT_EQ(answer.status, 1) << arguments;
    EXPECT_NE(answer.errors.find(message), std::string::npos) << answer.errors;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/test.json"));
}

TEST_F(Commands, EvaluateCountsHowOftenTheTestPartWasOpened) {
  run("evaluate " + model());
  const Answer again = run("evaluate " + model() + " --json");
  EXPECT_EQ(Json::parse(again.out)["counts"]["times_evaluated"], 2);
  run("evaluate " + model() + " --part valid");
  EXPECT_EQ(Json::parse(test::file_bytes(folder_ / "run/test.json"))["counts"]["times_evaluated"],
            2);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/valid.json"));
}

TEST_F(Commands, EvaluateGivesTheSameFilesOnAnyNumberOfThreads) {
  run("evaluate " + model() + " --threads 1");
  const std::string one = test::file_bytes(folder_ / "run/per_user.tsv");
  run("evaluate " + model() + " --threads 3");
  EXPECT_EQ(test::file_bytes(folder_ / "run/per_user.tsv"), one);
}

TEST_F(Commands, TrecFilesHoldTheRankingThatWasJudged) {
  const Answer answer =
      run("evaluate " + model() + " --metrics recall@5 --json --trec-depth 5 --trec-run " +
          at("trec.run") + " --trec-qrels " + at("trec.qrels"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  std::map<std::string, std::string> relevant;
  std::istringstream qrels(test::file_bytes(folder_ / "trec.qrels"));
  std::string user, zero, item, rest;
  while (qrels >> user >> zero >> item >> rest) relevant[user] = item;
  int hits = 0, lines = 0;
  std::istringstream ranking(test::file_bytes(folder_ / "trec.run"));
  std::string q0, rank, score, tag;
  while (ranking >> user >> q0 >> item >> rank >> score >> tag) {
    ++lines;
    hits += relevant.at(user) == item;
  }
  EXPECT_EQ(lines, 200 * 5);
  EXPECT_NEAR(hits / 200.0, Json::parse(answer.out)["metrics"]["recall@5"]["mean"].get<double>(),
              1e-12);
}

TEST_F(Commands, OtherDataIsRefusedUnlessAllowedAndLeavesTheRunAlone) {
  ASSERT_EQ(run("simulate --seed 9 --users 50 --items 60 --interests 4 --events 10 --out " +
                at("other.csv"))
                .status,
            0);
  prepare_csv(folder_ / "other.csv", folder_ / "other");
  const std::string arguments = "evaluate " + model() + " --data " + at("other");
  const Answer refused = run(arguments);
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.errors.find("--allow-other-data"), std::string::npos);
  const Answer allowed = run(arguments + " --allow-other-data --json");
  ASSERT_EQ(allowed.status, 0) << allowed.errors;
  const Json json = Json::parse(allowed.out);
  EXPECT_EQ(json["data"]["training_data"], "other");
  EXPECT_GT(json["counts"]["targets_unknown_to_model"], 0);  // items 41 to 60
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/test.json"));
}

TEST_F(Commands, CalibrateStoresProbabilitiesThatRecommendPrints) {
  EXPECT_EQ(run("recommend " + model() + " --history 1,2,3 --probabilities").status, 1);
  const std::string calibrate = "calibrate " + model();
  EXPECT_EQ(run(calibrate).status, 1);  // nobody says what the scores mean
  const std::string loss = " --set objective.criterion=gbce --set objective.negatives=16";
  const Answer answer = run(calibrate + loss + " --json --threads 1 --truth " + at("log.truth"));
  ASSERT_EQ(answer.status, 0) << answer.errors;
  const Json json = Json::parse(answer.out);
  EXPECT_EQ(json, Json::parse(test::file_bytes(folder_ / "run/calibration.json")));
  ASSERT_EQ(json["readings"].size(), 6u);
  for (const Json& reading : json["readings"]) {
    EXPECT_EQ(reading["stored"], reading["name"] == "fitted, normalised");
    EXPECT_EQ(reading["top"]["pairs"], 200 * 10);
    EXPECT_NEAR(reading["top"]["true"], reading["top"]["observed"], 0.05);
  }
  const Json& fitted = json["readings"][4];
  EXPECT_NEAR(fitted["mass"], 1.0, 1e-9);
  EXPECT_LT(fitted["top"]["equal_mass"]["ece_true"],
            json["readings"][0]["top"]["equal_mass"]["ece_true"]);
  // The model of this test knows nothing, and the fit finds that out.
  EXPECT_LT(json["calibration"]["scale"], 0.3);

  const Json all = Json::parse(
      run("recommend " + model() + " --history 1,2,3 -k 40 --probabilities --json").out);
  ASSERT_EQ(all["items"].size(), 37u);
  double sum = 0;
  for (const Json& item : all["items"]) sum += item["probability"].get<double>();
  EXPECT_NEAR(sum, 1.0, 1e-5);
  EXPECT_EQ(run("recommend " + model() + " --history 1 --probabilities --include-seen").status, 1);
  EXPECT_NE(run("recommend " + model() + " --history 1 --probabilities").out.find("probability"),
            std::string::npos);

  const std::string one = test::file_bytes(folder_ / "run/model.safetensors");
  ASSERT_EQ(run(calibrate + loss + " --threads 3").status, 0);
  EXPECT_EQ(test::file_bytes(folder_ / "run/model.safetensors"), one);
  ASSERT_EQ(run(calibrate + loss + " --probability independent").status, 0);
  EXPECT_NE(test::file_bytes(folder_ / "run/model.safetensors"), one);
  ASSERT_EQ(run(calibrate + loss + " --probability isotonic").status, 0);
  EXPECT_EQ(run("recommend " + model() + " --history 1 --probabilities").status, 0);
  ASSERT_EQ(run(calibrate + " --remove").status, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/calibration.json"));
  EXPECT_EQ(run("recommend " + model() + " --history 1 --probabilities").status, 1);
}

TEST_F(Commands, HistoriesFromStdinGetTheAnswersOfSingleCallsOnALargeCatalogue) {
  ModelDescription description;
  description.model.hidden_size = 4;
  description.model.num_blocks = 1;
  description.model.max_length = 10;
  description.model.resolve();
  std::vector<std::string> ids;
  for (int64_t item = 0; item <= kCompactItems; ++item) ids.push_back(std::to_string(item));
  folder_.write("large/config.toml", "");
  write_random_model("large", description, ids, 5);
  const std::string recommend = "recommend " + at("large") + " --json -k 20 ";
  for (const std::string history : {"1,2,3", "100000", "77,77,5,4,3,2,1"}) {
    const Answer once = run(recommend + "--history " + history);
    const Answer asked = run(recommend + "--stdin", history + "\n");
    ASSERT_EQ(once.status, 0) << once.errors;
    ASSERT_EQ(asked.status, 0) << asked.errors;
    EXPECT_EQ(Json::parse(once.out)["items"].size(), 20u);
    EXPECT_EQ(asked.out, once.out);
  }
}

TEST_F(Commands, CalibrateRefusesProbabilitiesThatHaveNoMeaning) {
  const Answer answer =
      run("calibrate " + model() + " --probability independent --set objective.criterion=softmax");
  EXPECT_EQ(answer.status, 1);
  EXPECT_NE(answer.errors.find("up to a constant"), std::string::npos) << answer.errors;
  EXPECT_EQ(run("calibrate " + model() + " --set train.epochs=1").status, 1);
}

TEST_F(Commands, WrongQuestionsHaveTheirExitStatus) {
  EXPECT_EQ(run("evaluate " + model() + " --metrics ndgc@10").status, 1);
  EXPECT_EQ(run("evaluate " + model() + " --ties best").status, 1);
  EXPECT_EQ(run("evaluate " + at("nowhere")).status, 2);
  EXPECT_EQ(run("evaluate " + model() + " --part valid --truth x").status, 1);
  EXPECT_EQ(run("simulate --items 3 --out " + at("x.csv")).status, 1);
  EXPECT_EQ(run("recommend " + model()).status, 1);
  EXPECT_EQ(run("recommend " + model() + " --history 1 --stdin").status, 1);
  EXPECT_EQ(run("recommend " + model() + " --history nobody").status, 2);
  EXPECT_EQ(run("recommend " + model() + " --user nobody").status, 2);
}

TEST_F(Commands, RecommendAnswersInRawIdsWithTitlesAndWithoutSeenItems) {
  const Answer answer = run("recommend " + model() + " --history 1,2,3 -k 40 --json");
  ASSERT_EQ(answer.status, 0) << answer.errors;
  const Json json = Json::parse(answer.out);
  ASSERT_EQ(json["items"].size(), 37u);
  for (size_t i = 0; i < 37; ++i) {
    const std::string item = json["items"][i]["item"];
    EXPECT_NE(item, "1");
    EXPECT_EQ(json["items"][i]["title"], "Title " + item);
    if (i > 0) {
      EXPECT_LE(json["items"][i]["score"], json["items"][i - 1]["score"]);
    }
  }
  const Json all =
      Json::parse(run("recommend " + model() + " --history 1,2,3 -k 40 --json --include-seen").out);
  EXPECT_EQ(all["items"].size(), 40u);
  const std::string best = json["items"][0]["item"];
  const Json without = Json::parse(
      run("recommend " + model() + " --history 1,2,3 -k 2 --json --exclude " + best + ",1").out);
  EXPECT_EQ(without["items"][0], json["items"][1]);
  EXPECT_EQ(without["items"].size(), 2u);
}

TEST_F(Commands, UnknownItemsAreNamedAndSkipped) {
  const Answer answer = run("recommend " + model() + " --history \"1 what 2\" -k 3 --json");
  EXPECT_EQ(answer.status, 0);
  EXPECT_NE(answer.errors.find("what"), std::string::npos);
  const Answer clean = run("recommend " + model() + " --history 1,2 -k 3 --json");
  EXPECT_EQ(Json::parse(answer.out)["items"], Json::parse(clean.out)["items"]);
  EXPECT_EQ(Json::parse(answer.out)["unknown"], Json({"what"}));
}

TEST_F(Commands, HistoriesOnStdinAreAnsweredLineByLine) {
  const std::string data = " --data " + at("data");
  const Answer answer =
      run("recommend " + model() + " --history - -k 2 --json" + data, "1,2\nnobody\n\n3 4 5\n");
  ASSERT_EQ(answer.status, 0) << answer.errors;
  std::istringstream lines(answer.out);
  std::vector<std::string> methods;
  for (std::string line; std::getline(lines, line);) {
    methods.push_back(Json::parse(line)["method"]);
    EXPECT_EQ(Json::parse(line)["items"].size(), 2u);
  }
  EXPECT_EQ(methods, (std::vector<std::string>{"model", "popularity", "popularity", "model"}));
  const Answer without = run("recommend " + model() + " --stdin --json", "1,2\nnobody\n");
  EXPECT_EQ(without.status, 2);
  EXPECT_NE(without.errors.find("1 of 2"), std::string::npos);
}

TEST_F(Commands, AKnownUsersHistoryComesFromTheDataset) {
  const Dataset dataset = Dataset::open(folder_ / "data");
  std::string history;
  for (const int32_t item : dataset.histories().row(0)) {
    history += std::string(dataset.items().raw(item)) + ";";
  }
  const std::string user(dataset.users().raw(0));
  EXPECT_EQ(run("recommend " + model() + " --user " + user).out,
            run("recommend " + model() + " --separator ';' --history '" + history + "'").out);
}

}  // namespace
}  // namespace truenext
