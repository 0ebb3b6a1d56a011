// SPDX-License-Identifier: Apache-2.0
// Several runs that answer as one, as a user asks them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "eval/commands.h"
#include "eval/evaluator.h"

namespace truenext {
namespace {

class EnsembleCommands : public Commands {
 protected:
  void SetUp() override {
    Commands::SetUp();
    data_ = Dataset::open(folder_ / "data");
    write_run("other", *data_, 2);
  }
  std::string both() const { return model() + " " + at("other"); }

  Json judged(const std::string& arguments) const {
    const Answer answer = run("evaluate --json --baselines none " + arguments);
    EXPECT_EQ(answer.status, 0) << arguments << ": " << answer.errors;
    return answer.status == 0 ? Json::parse(answer.out) : Json();
  }
  /// The list of a history, as items and scores.
  std::vector<std::pair<std::string, double>> list(const std::string& arguments) const {
    const Answer answer = run("recommend --json --history 1,2,3 " + arguments);
    EXPECT_EQ(answer.status, 0) << arguments << ": " << answer.errors;
    std::vector<std::pair<std::string, double>> items;
    const Json json = answer.status == 0 ? Json::parse(answer.out) : Json{{"items", Json::array()}};
    for (const Json& entry : json["items"]) {
      items.emplace_back(entry["item"].get<std::string>(), entry["score"].get<double>());
    }
    return items;
  }

  std::optional<Dataset> data_;
};

TEST_F(EnsembleCommands, ARunWithItselfIsJudgedAsTheRun) {
  const Json alone = judged(model());
  for (const char* rule : {"mean-probability", "mean-logit", "rank"}) {
    const std::string ensemble = " --ensemble " + std::string(rule);
    EXPECT_EQ(judged(model() + " " + model() + ensemble)["metrics"], alone["metrics"]) << rule;
    EXPECT_EQ(judged(both() + ensemble + " --ensemble-weights 3,0")["metrics"], alone["metrics"]);
    EXPECT_NE(judged(both() + ensemble)["metrics"], alone["metrics"]) << rule;
  }
}

TEST_F(EnsembleCommands, ListsAreThoseOfTheMembersScores) {
  const std::string all = " --include-seen -k 40 ";
  std::map<std::string, std::array<double, 2>> scores;
  for (const auto& [item, score] : list(model() + all)) scores[item][0] = score;
  for (const auto& [item, score] : list(at("other") + all)) scores[item][1] = score;
  ASSERT_EQ(scores.size(), 40u);
  const auto sum_of = [&](size_t member, double temperature) {
    double sum = 0;
    for (const auto& [item, both] : scores) sum += std::exp(both[member] / temperature);
    return sum;
  };
  const std::array<double, 2> sums{sum_of(0, 2), sum_of(1, 2)};
  const auto check = [&](const std::string& arguments, const auto& value) {
    std::vector<std::pair<double, std::string>> wanted;
    for (const auto& [item, both] : scores) wanted.emplace_back(-value(both), item);
    std::sort(wanted.begin(), wanted.end());
    const auto found = list(both() + all + arguments);
    ASSERT_EQ(found.size(), wanted.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].first, wanted[i].second) << i;
  };
  check("--ensemble mean-logit --ensemble-weights 1,3",
        [](const auto& s) { return 0.25 * s[0] + 0.75 * s[1]; });
  check("--ensemble mean-probability --temperature 2 --ensemble-weights 0.2,0.8",
        [&](const auto& s) {
          return 0.2 * std::exp(s[0] / 2) / sums[0] + 0.8 * std::exp(s[1] / 2) / sums[1];
        });
  const auto rank = [&](const std::array<double, 2>& own, size_t member) {
    return std::count_if(scores.begin(), scores.end(),
                         [&](const auto& entry) { return entry.second[member] > own[member]; });
  };
  // Weights that leave no two means equal.
  check("--ensemble rank --ensemble-weights 1,100", [&](const auto& s) {
    return -static_cast<double>(rank(s, 0)) - 100.0 * static_cast<double>(rank(s, 1));
  });
}

TEST_F(EnsembleCommands, TheResultNamesItsMembersAndIsKeptWhereItIsWanted) {
  const std::string ensemble =
      "evaluate " + both() + " --ensemble mean-probability --ensemble-weights 1,3 --temperature 2";
  const Answer shown = run(ensemble);
  ASSERT_EQ(shown.status, 0) << shown.errors;
  EXPECT_NE(shown.out.find("ensemble by mean-probability of " + model() + " (0.25), " +
                           at("other") + " (0.75), temperature 2"),
            std::string::npos)
      << shown.out;
  EXPECT_NE(shown.errors.find("--out FOLDER keeps it"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/test.json"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other/test.json"));

  for (int times = 1; times <= 2; ++times) {
    ASSERT_EQ(run(ensemble + " --out " + at("together")).status, 0);
    const Json json = Json::parse(test::file_bytes(folder_ / "together/test.json"));
    EXPECT_EQ(json["counts"]["times_evaluated"], times);
    EXPECT_EQ(json["model"]["name"], "ensemble");
    const Json& told = json["model"]["ensemble"];
    EXPECT_EQ(told["rule"], "mean-probability");
    EXPECT_EQ(told["temperature"], 2);
    ASSERT_EQ(told["members"].size(), 2u);
    EXPECT_EQ(told["members"][1]["run"], at("other"));
    EXPECT_EQ(told["members"][1]["weight"], 0.75);
    EXPECT_EQ(told["members"][1]["loss"], "none: untrained");
  }
  // Judged like a run, it is compared like one.
  ASSERT_EQ(run("evaluate " + model()).status, 0);
  const Answer compared = run("compare " + model() + " " + at("together"));
  EXPECT_EQ(compared.status, 0) << compared.errors;
  EXPECT_NE(compared.out.find("together"), std::string::npos);
}

TEST_F(EnsembleCommands, EverythingThatIsMeasuredOfARunIsMeasuredOfAnEnsemble) {
  const std::string ensemble = both() + " --ensemble rank ";
  for (const char* arguments :
       {"--beyond 5", "--test-items 1", "--candidates clean --negatives 9", "--include-seen",
        "--part valid", "--max-users 20", "--batch-mean 64"}) {
    EXPECT_GT(judged(ensemble + arguments)["metrics"]["ndcg@10"]["mean"], 0) << arguments;
  }
  const Answer one = run("evaluate " + ensemble + " --threads 1 --out " + at("one"));
  const Answer three = run("evaluate " + ensemble + " --threads 3 --out " + at("three"));
  ASSERT_EQ(one.status + three.status, 0) << one.errors << three.errors;
  EXPECT_EQ(test::file_bytes(folder_ / "one/per_user.tsv"),
            test::file_bytes(folder_ / "three/per_user.tsv"));
}

TEST_F(EnsembleCommands, ListsOfManyAreThoseOfOne) {
  const std::string ensemble = both() + " --ensemble mean-probability -k 3 ";
  const Answer many = run("recommend " + ensemble + "--all-users --format csv");
  ASSERT_EQ(many.status, 0) << many.errors;
  EXPECT_NE(many.errors.find("ensemble by mean-probability of"), std::string::npos);
  std::istringstream lines(many.out);
  std::string header, first;
  std::getline(lines, header);
  std::getline(lines, first);
  std::istringstream fields(first);
  std::string user, rank, item;
  std::getline(fields, user, ',');
  std::getline(fields, rank, ',');
  std::getline(fields, item, ',');
  const Answer single = run("recommend --json " + ensemble + "--user " + user);
  ASSERT_EQ(single.status, 0) << single.errors;
  const Json json = Json::parse(single.out);
  EXPECT_EQ(json["items"][0]["item"], item);
  EXPECT_EQ(json["method"], "ensemble");
  const std::string exclude = "--exclude " + item + " ";
  const Answer filtered = run("recommend --json " + ensemble + exclude + "--user " + user);
  EXPECT_EQ(Json::parse(filtered.out)["items"][0], json["items"][1]);
}

TEST_F(EnsembleCommands, WhatCannotBeMeantIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"evaluate " + both(), "2 runs: --ensemble mean-probability|mean-logit|rank"},
      {"recommend --history 1 " + both(), "2 runs: --ensemble"},
      {"evaluate " + both() + " --ensemble mean", "did you mean mean-probability?"},
      {"evaluate " + model() + " --temperature 2", "go with --ensemble"},
      {"evaluate " + model() + " --ensemble-weights 1", "go with --ensemble"},
      {"evaluate " + both() + " --ensemble rank --ensemble-weights 1", "1 weights for 2 runs"},
      {"evaluate " + both() + " --ensemble rank --ensemble-weights 0,0", "add up to 0"},
      {"evaluate " + both() + " --ensemble rank --ensemble-weights -1,2", "at least 0"},
      {"evaluate " + both() + " --ensemble rank --temperature 2", "goes with --ensemble mean-prob"},
      {"evaluate " + both() + " --ensemble rank --temperature 0", "above 0"},
      {"evaluate " + both() + " --ensemble rank --out " + at("other"), "name another folder"},
      {"evaluate --ensemble rank --lists x --data " + at("data"), "name the runs"},
      {"recommend --history 1 --probabilities --ensemble rank " + both(), "fits one model"},
  };
  for (const auto& [arguments, message] : cases) {
    const Answer answer = run(arguments);
    EXPECT_EQ(answer.status, 1) << arguments;
    EXPECT_NE(answer.errors.find(message), std::string::npos) << answer.errors;
  }
}

TEST_F(EnsembleCommands, MembersMustKnowTheSameItems) {
  const auto ids_of = [&] {
    std::vector<std::string> ids;
    for (int64_t item = 0; item < data_->num_items(); ++item) {
      ids.emplace_back(data_->items().raw(item));
    }
    return ids;
  };
  ModelDescription description;
  description.model.hidden_size = 8;
  description.model.num_blocks = 1;
  description.model.max_length = 10;
  description.model.resolve();
  std::vector<std::string> swapped = ids_of();
  std::swap(swapped[5], swapped[7]);
  folder_.write("swapped/x", "");
  write_random_model("swapped", description, swapped, 3);
  std::vector<std::string> longer = ids_of();
  longer.emplace_back("new");
  folder_.write("longer/x", "");
  write_random_model("longer", description, longer, 3);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"swapped", "item number 5 is \"" + swapped[5] + "\", there \"" + swapped[7] + "\""},
      {"longer", "it has 41 items, the other 40, and item number 40 is \"new\", there none"},
  };
  for (const auto& [name, message] : cases) {
    for (const char* verb : {"evaluate ", "recommend --history 1 "}) {
      const Answer answer = run(verb + model() + " " + at(name) + " --ensemble rank");
      EXPECT_EQ(answer.status, 2) << name;
      EXPECT_NE(answer.errors.find(at(name) + ": its items are not those of " + model()),
                std::string::npos)
          << answer.errors;
      EXPECT_NE(answer.errors.find(message), std::string::npos) << answer.errors;
    }
  }
}

TEST_F(EnsembleCommands, MembersOfOtherDataAreNamed) {
  ModelDescription description;
  description.model.hidden_size = 8;
  description.model.num_blocks = 1;
  description.model.max_length = 10;
  description.model.resolve();
  description.dataset_fingerprint = "somewhere else";
  std::vector<std::string> ids;
  for (int64_t item = 0; item < data_->num_items(); ++item) {
    ids.emplace_back(data_->items().raw(item));
  }
  folder_.write("foreign/x", "");
  write_random_model("foreign", description, ids, 3);
  const std::string members = model() + " " + at("foreign") + " --ensemble mean-logit";
  const Answer refused = run("evaluate " + members);
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.errors.find(at("foreign") + ": "), std::string::npos) << refused.errors;
  EXPECT_EQ(judged(members + " --allow-other-data")["data"]["training_data"], "other");

  // A model that was trained with items of the history in its lists.
  description.dataset_fingerprint = data_->fingerprint();
  description.split_fingerprint = data_->split_fingerprint();
  description.exclude_seen = false;
  write_random_model("foreign", description, ids, 3);
  const Answer mixed = run("evaluate " + members);
  EXPECT_EQ(mixed.status, 1);
  EXPECT_NE(mixed.errors.find("say --include-seen"), std::string::npos) << mixed.errors;
  EXPECT_EQ(judged(members + " --include-seen")["protocol"]["exclude_seen"], false);
}

}  // namespace
}  // namespace truenext
