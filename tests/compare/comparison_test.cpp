// SPDX-License-Identifier: Apache-2.0
#include "compare/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/random.h"
#include "compare/comparison_report.h"
#include "compare/judged_run.h"

namespace truenext {
namespace {

using test::JudgedRun;

/// Side "a" and a side "b" whose users are `difference` better, `runs` each.
class Comparing : public ::testing::Test {
 protected:
  void write(const std::string& name, double shift, uint64_t seed) {
    RandomStream noise(random_key(seed, Purpose::simulate));
    JudgedRun run;
    for (int user = 0; user < 200; ++user) {
      run.values.push_back(0.3 + 0.001 * user + shift + 0.05 * noise.normal());
    }
    run.write(folder_ / name);
  }
  ComparisonReport report(const std::vector<SideRequest>& requests) {
    ComparisonReport report;
    report.options = options_;
    report.result = "test";
    report.sides = read_sides(requests, "test");
    report.options.metrics = common_metrics(report.sides, "");
    report.comparisons = compare_sides(report.sides, report.options, pool_);
    return report;
  }
  SideRequest side(const std::string& name) { return {name, {folder_ / name}}; }

  test::TemporaryFolder folder_;
  WorkerPool pool_{2};
  ComparisonOptions options_ = [] {
    ComparisonOptions options;
    options.resampling = {999, 1};
    return options;
  }();
};

TEST_F(Comparing, OneRunASideIsAboutTheseTwoModels) {
  write("a", 0, 1);
  write("b", 0.03, 2);
  const ComparisonReport found = report({side("a"), side("b")});
  ASSERT_EQ(found.comparisons.size(), 2u);
  const Comparison& ndcg = found.comparisons[0];
  EXPECT_FALSE(ndcg.seeds_random);
  EXPECT_NEAR(ndcg.difference, ndcg.mean_b - ndcg.mean_a, 1e-12);
  EXPECT_LT(ndcg.low, ndcg.difference);
  EXPECT_GT(ndcg.low, 0);
  EXPECT_DOUBLE_EQ(ndcg.p, 0.001);
  EXPECT_DOUBLE_EQ(ndcg.holm_p, 0.002);  // two metrics
  EXPECT_EQ(ndcg.verdict, Verdict::better);
  const std::string table = comparison_table(found);
  EXPECT_NE(table.find("only the users are random"), std::string::npos) << table;
  EXPECT_NE(table.find("  better\n"), std::string::npos) << table;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST_F(Comparing, TurnedRoundItIsWorse) {
  write("a", 0, 1);
  write("b", 0.03, 2);
  options_.baseline = 1;
  const ComparisonReport found = report({side("a"), side("b")});
  EXPECT_EQ(found.comparisons[0].a, 1u);
  EXPECT_EQ(found.comparisons[0].verdict, Verdict::worse);
  EXPECT_LT(found.comparisons[0].effect, 0);
}

TEST_F(Comparing, SeveralRunsASideMakeSeedsRandom) {
  for (int seed = 1; seed <= 3; ++seed) {
    // Runs of a side are 0.02 apart, the sides 0.01: nothing the users could settle.
    write(fmt::format("a/seed-{}", seed), 0.02 * seed, static_cast<uint64_t>(seed));
    write(fmt::format("b/seed-{}", seed), 0.02 * seed + 0.01, static_cast<uint64_t>(10 + seed));
  }
  const ComparisonReport found = report({side("a"), side("b")});
  const Comparison& ndcg = found.comparisons[0];
  EXPECT_TRUE(ndcg.seeds_random);
  EXPECT_NEAR(ndcg.run_sd, 0.02, 0.005);
  EXPECT_EQ(ndcg.verdict, Verdict::not_shown);
  EXPECT_NE(comparison_table(found).find("users and training seeds are random (3 and 3 runs)"),
            std::string::npos);
  // The same two sides by one of their runs: significant, and only about those two models.
  const ComparisonReport one = report({side("a/seed-1"), side("b/seed-2")});
  EXPECT_EQ(one.comparisons[0].verdict, Verdict::better);
}

TEST_F(Comparing, AMarginCanShowEquivalence) {
  write("a", 0, 1);
  write("b", 0, 2);
  options_.margin = parse_margin("0.03");
  const ComparisonReport found = report({side("a"), side("b")});
  EXPECT_EQ(found.comparisons[0].verdict, Verdict::equivalent);
  EXPECT_LT(found.comparisons[0].equivalence_holm_p, 0.05);
  EXPECT_GE(found.comparisons[0].equivalence_holm_p, found.comparisons[0].equivalence_p);
  EXPECT_NE(comparison_table(found).find("within +-0.0300"), std::string::npos);
  options_.margin = parse_margin("0.001");
  EXPECT_EQ(report({side("a"), side("b")}).comparisons[0].verdict, Verdict::not_shown);
}

TEST_F(Comparing, AllPairsAndTheFilesThatHoldThem) {
  write("a", 0, 1);
  write("b,c", 0.03, 2);
  write("d", 0.06, 3);
  options_.pairing = Pairing::all_pairs;
  const ComparisonReport found = report({side("a"), side("b,c"), side("d")});
  ASSERT_EQ(found.comparisons.size(), 6u);
  EXPECT_DOUBLE_EQ(found.comparisons[0].holm_p, 0.006);
  const std::string csv = comparison_csv(found);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 7);
  EXPECT_NE(csv.find("\na,\"b,c\",1,1,ndcg@10,"), std::string::npos) << csv;
  // Every line has as many fields as the header: the one comma inside quotes comes on top.
  std::istringstream lines(csv);
  std::string header, line;
  std::getline(lines, header);
  const auto commas = [](const std::string& text) {
    return std::count(text.begin(), text.end(), ',');
  };
  while (std::getline(lines, line)) {
    EXPECT_EQ(commas(line) - (line.find('"') != std::string::npos ? 1 : 0), commas(header)) << line;
  }
  const auto json = nlohmann::json::parse(comparison_json(found));
  EXPECT_EQ(json["comparisons"].size(), 6u);
  EXPECT_EQ(json["comparisons"][0]["random"], "users");
  EXPECT_EQ(json["comparisons"][5]["b"], "d");
  EXPECT_EQ(json["same"]["dataset fingerprint"], "d1");
  EXPECT_EQ(json["users"], 200);
}

}  // namespace
}  // namespace truenext
