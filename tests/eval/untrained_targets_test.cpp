// SPDX-License-Identifier: Apache-2.0
#include "eval/untrained_targets.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/result_report.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

TEST(UntrainedTargets, AreCountedAndLeftOutWithTheirUsers) {
  const Queries queries = literal_queries({{0}, {0}, {1}}, {{1, 2}, {3}, {0, 1}});
  RankedTargets ranked;
  for (const auto& row : std::vector<std::vector<int64_t>>{{4, 0}, {2}, {1, 5}}) {
    ranked.ranks.add_row(row);
    ranked.repeats.add_row(row);
  }
  const std::vector<int64_t> counts{2, 1, 0, 0};  // items 2 and 3 were never met
  const TrainedTargets trained = trained_targets(queries, ranked, counts);
  EXPECT_EQ(trained.untrained, 2);
  EXPECT_EQ(trained.targets, 3);
  EXPECT_EQ(trained.ranked.ranks.values, (std::vector<int64_t>{4, 1, 5}));
  EXPECT_EQ(trained.ranked.ranks.offsets, (std::vector<int64_t>{0, 1, 3}));
  EXPECT_EQ(trained.ranked.repeats.values, (std::vector<int64_t>{4, 0, 1, 5}));
}

TEST(UntrainedTargets, StandInTheReportBesideTheNumber) {
  EvalReport report;
  Jagged<int64_t> ranks;
  ranks.add_row(std::vector<int64_t>{1});
  report.rows.push_back({"model", compute_metrics(parse_metrics("mrr"), ranks)});
  report.targets = 4;
  auto json = nlohmann::json::parse(report_json(report));
  EXPECT_EQ(json["counts"]["targets_never_trained"], 0);
  EXPECT_FALSE(json.contains("without_untrained_targets"));
  EXPECT_EQ(untrained_text(report), "");

  report.untrained = 3;
  report.trained_only = compute_metrics(parse_metrics("mrr"), ranks);
  json = nlohmann::json::parse(report_json(report));
  EXPECT_EQ(json["counts"]["targets_never_trained"], 3);
  EXPECT_EQ(json["without_untrained_targets"]["targets"], 1);
  EXPECT_EQ(json["without_untrained_targets"]["users"], 1);
  EXPECT_DOUBLE_EQ(json["without_untrained_targets"]["metrics"]["mrr"]["mean"], 0.5);
  EXPECT_NE(report_table(report).find("\n  trained targets "), std::string::npos);
  EXPECT_EQ(untrained_text(report),
            "3 of 4 held-out items are never met in training: no model can have learnt them; the "
            "row of trained targets leaves them out (1 users)");
}

TEST(Baselines, AreNamedWhereTheyExceedTheModel) {
  const auto row = [](const char* name, int64_t rank) {
    Jagged<int64_t> ranks;
    ranks.add_row(std::vector<int64_t>{rank});
    return ResultRow{name, compute_metrics(parse_metrics("mrr"), ranks)};
  };
  EvalReport report;
  EXPECT_EQ(baselines_text(report), "");
  report.rows = {row("model", 3), row("popularity", 3), row("bigram", 7)};
  EXPECT_EQ(baselines_text(report), "");
  report.rows.push_back(row("neighbours", 0));
  report.rows.push_back(row("markov", 1));
  EXPECT_EQ(baselines_text(report),
            "mrr of the model is 0.2500, below what needs no training: neighbours (1.0000), markov "
            "(0.5000)");
}

}  // namespace
}  // namespace truenext
