// SPDX-License-Identifier: Apache-2.0
#include "eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "eval/evaluator.h"

namespace truenext {
namespace {

double value(const char* metric, std::vector<int64_t> ranks) {
  return metric_value(parse_metrics(metric).front(), ranks);
}

struct Golden {
  std::vector<int64_t> ranks;
  int64_t k;
  double ndcg;
  double recall;
};

// Published-code values of a multi-future-item evaluation; its "standard" NDCG, and its HR, which
// is recall.
const Golden kGolden[] = {
    {{9}, 5, 0, 0},
    {{9}, 10, 0.2890648263, 1},
    {{10}, 20, 0.2789429457, 1},
    {{3, 0, 1}, 10, 0.9674679835, 1},
    {{12, 0, 1}, 10, 0.7653606370, 0.6666666667},
    {{12, 0, 1}, 20, 0.8886164762, 1},
    {{0, 12, 1}, 10, 0.7653606370, 0.6666666667},
    {{4, 3, 2, 1, 0}, 5, 1, 1},
    {{0, 2, 15, 1, 30}, 10, 0.7227265726, 0.6},
    {{0, 2, 15, 1, 30}, 20, 0.8057023007, 0.8},
    {{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 5, 1, 0.5},
    {{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 10, 1, 1},
    {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 1, 0.5},
    {{0, 1, 2, 3, 4, 50, 5, 6, 7, 8}, 10, 0.9363792118, 0.9},
};

TEST(Metrics, NdcgAndRecallEqualThePublishedValuesForSeveralTargets) {
  for (const Golden& golden : kGolden) {
    EXPECT_NEAR(metric_value({"ndcg", golden.k}, golden.ranks), golden.ndcg, 5e-11);
    EXPECT_NEAR(metric_value({"recall", golden.k}, golden.ranks), golden.recall, 5e-11);
  }
}

TEST(Metrics, OneTargetHasItsClosedForms) {
  for (int64_t rank = 0; rank < 15; ++rank) {
    const bool hit = rank < 10;
    EXPECT_DOUBLE_EQ(value("ndcg@10", {rank}), hit ? 1 / std::log2(rank + 2.0) : 0);
    EXPECT_DOUBLE_EQ(value("recall@10", {rank}), hit ? 1 : 0);
    EXPECT_DOUBLE_EQ(value("hr@10", {rank}), hit ? 1 : 0);
    EXPECT_DOUBLE_EQ(value("mrr@10", {rank}), hit ? 1.0 / static_cast<double>(rank + 1) : 0);
    EXPECT_DOUBLE_EQ(value("map@10", {rank}), hit ? 1.0 / static_cast<double>(rank + 1) : 0);
    EXPECT_DOUBLE_EQ(value("precision@10", {rank}), hit ? 0.1 : 0);
    EXPECT_DOUBLE_EQ(value("mrr", {rank}), 1.0 / static_cast<double>(rank + 1));
  }
}

TEST(Metrics, HitRateAsksForOneTargetAndRecallForAll) {
  EXPECT_DOUBLE_EQ(value("hr@5", {20, 3}), 1);
  EXPECT_DOUBLE_EQ(value("recall@5", {20, 3}), 0.5);
  EXPECT_DOUBLE_EQ(value("precision@5", {20, 3}), 0.2);
  EXPECT_DOUBLE_EQ(value("hr@3", {20, 3}), 0);
}

TEST(Metrics, AveragePrecisionDividesByAllTargets) {
  // trec_eval map_cut: precision at the hits 1/1 and 2/3, three relevant items.
  EXPECT_DOUBLE_EQ(value("map@10", {2, 0, 40}), (1.0 + 2.0 / 3.0) / 3.0);
}

TEST(Metrics, ReciprocalRankLooksAtTheBestTarget) {
  EXPECT_DOUBLE_EQ(value("mrr", {7, 3, 9}), 0.25);
}

TEST(Metrics, WhatCanNeverBeRankedIsMissedEvenWithoutACutoff) {
  for (const char* metric : {"ndcg", "mrr", "map", "recall@1000000", "hr@1000000"}) {
    EXPECT_EQ(value(metric, {kNeverRanked}), 0) << metric;
  }
  EXPECT_DOUBLE_EQ(value("recall@10", {kNeverRanked, 0}), 0.5);
}

TEST(MetricNames, FieldAndIrMeasuresSpellingsMeanTheSame) {
  const auto names = [](const char* list) {
    std::string text;
    for (const Metric& metric : parse_metrics(list)) text += metric.label() + " ";
    return text;
  };
  EXPECT_EQ(names("nDCG@10,R@1, Recall@10 ,HR@5,Success@7,Hit@8,RR@10,MRR,P@3,AP@4,AP"),
            "ndcg@10 recall@1 recall@10 hr@5 hr@7 hr@8 mrr@10 mrr precision@3 map@4 map ");
  EXPECT_EQ(names("ndcg@10,NDCG@10"), "ndcg@10 ");
}

TEST(MetricNames, MistakesAreNamed) {
  for (const char* list : {"ndgc@10", "", ",", "ndcg@", "ndcg@0", "ndcg@x", "ndcg@10x", "recall",
                           "hr", "precision", "ndcg@-1", "ndcg@99999999999999999999"}) {
    EXPECT_THROW(parse_metrics(list), Error) << list;
  }
  try {
    parse_metrics("ndgc@10");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean ndcg"), std::string::npos);
  }
}

TEST(TieRules, NamesRoundTrip) {
  for (const char* name : {"half", "ahead", "behind", "lower-id", "random"}) {
    EXPECT_EQ(tie_rule_name(parse_tie_rule(name)), name);
  }
  EXPECT_THROW(parse_tie_rule("lower_id"), Error);
}

TEST(MetricResults, MeanAndIntervalAreThoseOfTheUsers) {
  Jagged<int64_t> ranks;
  for (const int64_t rank : {0, 20, 20, 0, 20}) ranks.add_row(std::vector<int64_t>{rank});
  const EvalResult result = compute_metrics(parse_metrics("hr@10,mrr"), ranks);
  EXPECT_EQ(result.users, 5);
  const MetricResult& hit = result.get("hr@10");
  EXPECT_DOUBLE_EQ(hit.mean, 0.4);
  EXPECT_EQ(hit.per_user, (std::vector<double>{1, 0, 0, 1, 0}));
  // Sample variance 0.3, standard error sqrt(0.06).
  EXPECT_NEAR(hit.half_width, 1.959963984540054 * std::sqrt(0.06), 1e-12);
  EXPECT_THROW(result.get("ndcg@10"), Error);
}

TEST(MetricResults, OneUserHasNoInterval) {
  Jagged<int64_t> ranks;
  ranks.add_row(std::vector<int64_t>{0});
  EXPECT_EQ(compute_metrics(parse_metrics("mrr"), ranks).get("mrr").half_width, 0);
}

}  // namespace
}  // namespace truenext
