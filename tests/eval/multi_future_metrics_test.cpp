// SPDX-License-Identifier: Apache-2.0
// Metrics over several held-out items in time order, against values of the published code of such
// an evaluation (its early-stopping form) and of the formulas (the standard form).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "eval/list_agreement.h"
#include "eval/metrics.h"
#include "eval/stability.h"

namespace truenext {
namespace {

using Ranks = std::vector<int64_t>;
using Items = std::vector<int32_t>;

struct Golden {
  Ranks ranks;
  int64_t k;
  double prefix, rel_prefix, standard, rel_standard, recall;
};

const Golden kGolden[] = {
    {{9}, 5, 0, 0, 0, 0, 0},
    {{9}, 10, 0.2890648263, 0.2890648263, 0.2890648263, 0.2890648263, 1},
    {{10}, 20, 0.2789429457, 0.2789429457, 0.2789429457, 0.2789429457, 1},
    {{3, 0, 1}, 10, 0.9674679835, 0.8238293091, 0.9674679835, 0.8238293091, 1},
    {{12, 0, 1}, 10, 0, 0, 0.7653606370, 0.5525004989, 0.6666666667},
    {{12, 0, 1}, 20, 0.8886164762, 0.7179712786, 0.8886164762, 0.7179712786, 1},
    {{0, 12, 1}, 10, 0.4692787260, 0.6300059873, 0.7653606370, 0.7625024947, 0.6666666667},
    {{4, 3, 2, 1, 0}, 5, 1, 0.7222433790, 1, 0.7222433790, 1},
    {{0, 2, 15, 1, 30}, 10, 0.5087403079, 0.6814691543, 0.7227265726, 0.8043146301, 0.6},
    {{0, 2, 15, 1, 30}, 20, 0.8057023007, 0.8757668293, 0.8057023007, 0.8757668293, 0.8},
    {{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 5, 0, 0, 1, 0.2965844875, 0.5},
    {{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 10, 1, 0.6678559203, 1, 0.6678559203, 1},
    {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 1, 1, 1, 1, 0.5},
    {{0, 1, 2, 3, 4, 50, 5, 6, 7, 8},
     10,
     0.6489315753,
     0.8347503616,
     0.9363792118,
     0.9467698590,
     0.9},
};

TEST(MultiFutureMetrics, GainsEqualThePublishedAndTheStandardValues) {
  for (size_t row = 0; row < std::size(kGolden); ++row) {
    SCOPED_TRACE(row);
    const Golden& golden = kGolden[row];
    const auto value = [&](const char* name) {
      return metric_value({name, golden.k}, golden.ranks);
    };
    EXPECT_NEAR(value("ndcg_prefix"), golden.prefix, 5e-11);
    EXPECT_NEAR(value("ndcg_rel_prefix"), golden.rel_prefix, 5e-11);
    EXPECT_NEAR(value("ndcg"), golden.standard, 5e-11);
    EXPECT_NEAR(value("ndcg_rel"), golden.rel_standard, 5e-11);
    EXPECT_NEAR(value("recall"), golden.recall, 5e-11);
  }
}

TEST(MultiFutureMetrics, AllGainsAgreeOnOneHeldOutItem) {
  for (int64_t rank = 0; rank < 25; ++rank) {
    const double ndcg = metric_value({"ndcg", 10}, Ranks{rank});
    EXPECT_EQ(ndcg > 0, rank < 10);
    for (const char* name : {"ndcg_prefix", "ndcg_rel", "ndcg_rel_prefix"}) {
      EXPECT_DOUBLE_EQ(metric_value({name, 10}, Ranks{rank}), ndcg) << name;
    }
  }
}

TEST(MultiFutureMetrics, OnlyTheRelevanceFormsRewardTheNearerItem) {
  const Ranks near_first{0, 7}, far_first{7, 0};
  EXPECT_DOUBLE_EQ(metric_value({"ndcg", 10}, near_first), metric_value({"ndcg", 10}, far_first));
  EXPECT_GT(metric_value({"ndcg_rel", 10}, near_first), metric_value({"ndcg_rel", 10}, far_first));
}

struct GoldenLists {
  Items model, truth;
  double rbo, jaccard;
};

const GoldenLists kLists[] = {
    {{1}, {1}, 0.1, 1},
    {{2}, {1}, 0, 0},
    {{1, 2, 3}, {1, 2, 3}, 0.271, 1},
    {{3, 2, 1}, {1, 2, 3}, 0.126, 1},
    {{1, 7, 2}, {1, 2, 3}, 0.199, 0.5},
    {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0.651321559900, 1},
    {{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 0.162929125543, 1},
    {{0, 1, 2, 3, 4, 20, 21, 22, 23, 24},
     {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     0.569856997129,
     0.333333333333},
    {{5, 1, 2, 2, 7}, {1, 2, 2, 3, 4}, 0.161694, 0.333333333333},
};

bool has_repeats(Items items) {
  std::sort(items.begin(), items.end());
  return std::adjacent_find(items.begin(), items.end()) != items.end();
}

/// Ranks of the true items in the model's list; what it does not hold stands far below.
Ranks ranks_in(const Items& model, const Items& truth) {
  Ranks ranks;
  for (const int32_t item : truth) {
    const auto found = std::find(model.begin(), model.end(), item);
    ranks.push_back(found == model.end() ? 1000 : found - model.begin());
  }
  return ranks;
}

TEST(MultiFutureMetrics, ListAgreementEqualsThePublishedValues) {
  for (size_t row = 0; row < std::size(kLists); ++row) {
    SCOPED_TRACE(row);
    const GoldenLists& golden = kLists[row];
    const ListAgreement agreement = list_agreement(golden.model, golden.truth, 10);
    EXPECT_NEAR(agreement.rbo, golden.rbo, 1e-12);
    EXPECT_NEAR(agreement.jaccard, golden.jaccard, 1e-12);
    const auto n = static_cast<double>(golden.truth.size());
    EXPECT_NEAR(agreement.finite, golden.rbo / (1 - std::pow(0.9, n)), 1e-11);
  }
}

TEST(MultiFutureMetrics, RanksGiveTheAgreementOfTheLists) {
  int compared = 0;
  for (size_t row = 0; row < std::size(kLists); ++row) {
    const GoldenLists& golden = kLists[row];
    if (has_repeats(golden.truth)) continue;  // held-out items are distinct
    SCOPED_TRACE(row);
    ++compared;
    const Ranks ranks = ranks_in(golden.model, golden.truth);
    EXPECT_NEAR(metric_value({"rls_rbo", 10}, ranks), golden.rbo, 1e-12);
    EXPECT_NEAR(metric_value({"rls_jac", 10}, ranks), golden.jaccard, 1e-12);
    for (const int64_t k : {1, 2, 4, 10}) {
      const ListAgreement lists = list_agreement(golden.model, golden.truth, k);
      EXPECT_NEAR(metric_value({"frbo", k}, ranks), lists.finite, 1e-12) << k;
      EXPECT_NEAR(metric_value({"rls_jac", k}, ranks), lists.jaccard, 1e-12) << k;
    }
  }
  EXPECT_EQ(compared, 8);
}

TEST(MultiFutureMetrics, FiniteOverlapIsOneForEqualAndZeroForDisjointLists) {
  for (const int64_t m : {1, 3, 10, 40}) {
    Ranks ranks, far;
    for (int64_t i = 0; i < m; ++i) {
      ranks.push_back(i);
      far.push_back(100 + i);
    }
    EXPECT_NEAR(metric_value({"frbo", 10}, ranks), 1, 1e-12);
    EXPECT_EQ(metric_value({"frbo", 10}, far), 0);
  }
}

TEST(MultiFutureMetrics, RepeatsInTheCandidateListShrinkTheUnion) {
  // List 8 1 1 2 2 9 against 1 2 3: its first three hold {8, 1}; {1} of {8, 1, 2, 3}.
  const Ranks ranks{1, 3, 50}, repeats{2, 4};
  EXPECT_DOUBLE_EQ(metric_value({"rls_jac", 10}, UserRanks{ranks, repeats}), 0.25);
  EXPECT_DOUBLE_EQ(list_agreement(Items{8, 1, 1}, Items{1, 2, 3}, 10).jaccard, 0.25);
  EXPECT_DOUBLE_EQ(metric_value({"rls_jac", 10}, ranks), 1.0 / 5);
}

TEST(MultiFutureMetrics, ListsMayHaveDifferentLengths) {
  const ListAgreement agreement = list_agreement(Items{1}, Items{2, 1}, 10);
  EXPECT_NEAR(agreement.rbo, 0.1 * 0.9 / 2, 1e-15);
  EXPECT_DOUBLE_EQ(agreement.jaccard, 0.5);
  EXPECT_EQ(list_agreement({}, {}, 10).finite, 0);
}

Jagged<ScoredItem> scored(const std::vector<Items>& rows) {
  Jagged<ScoredItem> lists;
  for (const Items& row : rows) {
    std::vector<ScoredItem> entries;
    for (const int32_t item : row) entries.push_back({item, 0});
    lists.add_row(entries);
  }
  return lists;
}

TEST(ListStability, IsTheMeanAgreementOfTheLists) {
  // Equal, disjoint, half shared; nothing in either list of the last user.
  const auto results =
      list_stability(scored({{1, 2}, {1, 2}, {1, 2}, {}}), scored({{1, 2}, {3, 4}, {1, 3}, {}}), 2);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].metric.label(), "rbo@2");
  ASSERT_EQ(results[0].per_user.size(), 3u);
  EXPECT_NEAR(results[0].per_user[0], 1, 1e-12);
  EXPECT_EQ(results[0].per_user[1], 0);
  EXPECT_NEAR(results[0].per_user[2], (0.1 + 0.09 / 2) / 0.19, 1e-12);
  EXPECT_EQ(results[1].metric.label(), "jaccard@2");
  EXPECT_NEAR(results[1].mean, (1 + 0 + 1.0 / 3) / 3, 1e-12);
  EXPECT_GT(results[1].half_width, 0);
}

TEST(MultiFutureMetrics, NamesAreReadWithTheirSpellings) {
  std::string labels;
  for (const Metric& metric : parse_metrics("NDCG_rel@5,rls_frbo@10,RLS_RBO@10,ndcg_prefix@3")) {
    labels += metric.label() + " ";
  }
  EXPECT_EQ(labels, "ndcg_rel@5 frbo@10 rls_rbo@10 ndcg_prefix@3 ");
}

}  // namespace
}  // namespace truenext
