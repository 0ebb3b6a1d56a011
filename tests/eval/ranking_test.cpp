// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "eval/evaluator.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<int64_t> ranks_of(std::vector<float> scores, std::vector<int32_t> history,
                              std::vector<int32_t> targets, Protocol protocol = {}) {
  const auto items = static_cast<int64_t>(scores.size());
  const TableScorer scorer(std::move(scores), items);
  WorkerPool pool(1);
  return rank_targets(scorer, literal_queries({history}, {targets}), protocol, pool).values;
}

Protocol with_ties(TieRule rule) {
  Protocol protocol;
  protocol.ties = rule;
  return protocol;
}

TEST(Ranking, CountsCandidatesAboveTheTarget) {
  EXPECT_EQ(ranks_of({5, 4, 3, 2, 1}, {4}, {2}), std::vector<int64_t>{2});
}

TEST(Ranking, SeenItemsAreNoCandidates) {
  EXPECT_EQ(ranks_of({5, 4, 3, 2, 1}, {0, 1, 0}, {2}), std::vector<int64_t>{0});
  Protocol protocol;
  protocol.exclude_seen = false;
  EXPECT_EQ(ranks_of({5, 4, 3, 2, 1}, {0, 1, 0}, {2}, protocol), std::vector<int64_t>{2});
}

TEST(Ranking, ATargetThatWasSeenStaysACandidate) {
  EXPECT_EQ(ranks_of({5, 4, 3, 2, 1}, {0, 2}, {2}), std::vector<int64_t>{1});
}

TEST(Ranking, OtherTargetsOfTheUserAreCandidates) {
  EXPECT_EQ(ranks_of({5, 4, 3, 2, 1}, {1}, {3, 0, 2}), (std::vector<int64_t>{2, 0, 1}));
}

TEST(Ranking, TieRulesPlaceATargetAmongEqualScores) {
  // Item 3 ties with 1, 2, 4 and 5 (2 was seen); item 0 is above.
  const std::vector<float> scores{9, 7, 7, 7, 7, 7, 1};
  const auto rank = [&](TieRule rule) { return ranks_of(scores, {2}, {3}, with_ties(rule))[0]; };
  EXPECT_EQ(rank(TieRule::behind), 1);
  EXPECT_EQ(rank(TieRule::half), 2);
  EXPECT_EQ(rank(TieRule::lower_id), 2);
  EXPECT_EQ(rank(TieRule::ahead), 4);
}

TEST(Ranking, TiedTargetsNeverShareAPlace) {
  const std::vector<float> scores(9, 1.0f);
  for (const TieRule rule :
       {TieRule::half, TieRule::ahead, TieRule::behind, TieRule::lower_id, TieRule::random}) {
    const auto ranks = ranks_of(scores, {0}, {5, 2, 7}, with_ties(rule));
    EXPECT_EQ(std::set<int64_t>(ranks.begin(), ranks.end()).size(), 3u) << tie_rule_name(rule);
    EXPECT_LE(metric_value({"ndcg", 5}, ranks), 1.0);
  }
  // Five others: two of them ahead, then the targets in time order.
  EXPECT_EQ(ranks_of(scores, {0}, {5, 2, 7}), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(ranks_of(scores, {0}, {5, 2, 7}, with_ties(TieRule::lower_id)),
            (std::vector<int64_t>{4, 1, 6}));
}

TEST(Ranking, EqualScoresGiveChanceLevel) {
  constexpr int64_t kUsers = 4000;
  constexpr int64_t kItems = 41;
  Queries queries;
  for (int32_t user = 0; user < kUsers; ++user) {
    queries.users.push_back(user);
    queries.histories.add_row(std::vector<int32_t>{40});
    queries.targets.add_row(std::vector<int32_t>{user % 40});
  }
  const auto scorer = make_item_scorer(std::vector<float>(kItems, 0.5f));
  WorkerPool pool(1);
  const auto half = rank_targets(*scorer, queries, {}, pool);
  for (const int64_t rank : half.values) EXPECT_EQ(rank, 19);  // 39 other candidates
  const auto drawn = rank_targets(*scorer, queries, with_ties(TieRule::random), pool);
  const EvalResult result = compute_metrics(parse_metrics("recall@10,recall@1"), drawn);
  EXPECT_NEAR(result.get("recall@10").mean, 10.0 / 40, 0.03);  // more than 4 standard errors
  EXPECT_NEAR(result.get("recall@1").mean, 1.0 / 40, 0.01);
}

TEST(Ranking, AgreesWithSortingOnRandomTables) {
  constexpr int64_t kItems = 97;
  RandomStream random(random_key(7, Purpose::simulate));
  Queries queries;
  std::vector<float> scores;
  for (int32_t user = 0; user < 200; ++user) {
    for (int64_t item = 0; item < kItems; ++item) {
      scores.push_back(static_cast<float>(random.below(20)));  // many ties
    }
    std::vector<int32_t> history, targets;
    for (int i = 0; i < 12; ++i) history.push_back(static_cast<int32_t>(random.below(kItems)));
    while (targets.size() < 3) {
      const auto item = static_cast<int32_t>(random.below(kItems));
      if (std::find(targets.begin(), targets.end(), item) == targets.end()) targets.push_back(item);
    }
    queries.users.push_back(user);
    queries.histories.add_row(history);
    queries.targets.add_row(targets);
  }
  WorkerPool pool(2);
  const TableScorer scorer(scores, kItems);
  const auto ranks = rank_targets(scorer, queries, with_ties(TieRule::lower_id), pool);
  const auto best = top_items(scorer, queries, kItems, true, pool);
  for (int64_t query = 0; query < 200; ++query) {
    const auto row = best.row(query);
    for (size_t i = 0; i < 3; ++i) {
      const auto rank = static_cast<size_t>(ranks.row(query)[i]);
      ASSERT_LT(rank, row.size());
      EXPECT_EQ(row[rank].item, queries.targets.row(query)[i]);
    }
  }
}

TEST(Ranking, DoesNotDependOnThreads) {
  constexpr int64_t kItems = 300;
  RandomStream random(random_key(3, Purpose::simulate));
  std::vector<float> scores(1000 * kItems);
  for (float& score : scores) score = static_cast<float>(random.normal());
  Queries queries;
  for (int32_t user = 0; user < 1000; ++user) {
    queries.users.push_back(user);
    queries.histories.add_row(std::vector<int32_t>{user % 300, (user + 7) % 300});
    queries.targets.add_row(std::vector<int32_t>{(user + 1) % 300});
  }
  const TableScorer scorer(scores, kItems);
  WorkerPool one(1);
  const auto expected = rank_targets(scorer, queries, {}, one);
  const auto expected_top = top_items(scorer, queries, 5, true, one);
  for (const int threads : {2, 7}) {
    WorkerPool pool(threads);
    EXPECT_EQ(rank_targets(scorer, queries, {}, pool).values, expected.values);
    EXPECT_EQ(top_items(scorer, queries, 5, true, pool).values, expected_top.values);
  }
}

TEST(Ranking, AnItemThatCanNeverBeRecommendedIsNeverRanked) {
  EXPECT_EQ(ranks_of({1, -kInfinity, -kInfinity}, {0}, {1}), std::vector<int64_t>{kNeverRanked});
}

TEST(Ranking, AScoreThatIsNoNumberIsAnErrorAndNotAHit) {
  EXPECT_THROW(ranks_of({1, std::nanf(""), 3}, {0}, {1}), Error);
}

TEST(Ranking, StopsWhenInterrupted) {
  set_interrupted(true);
  try {
    ranks_of({1, 2, 3}, {0}, {1});
    ADD_FAILURE() << "ranking went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::interrupted);
  }
  set_interrupted(false);
}

TEST(TopItems, BestFirstWithTiesByLowerItem) {
  const TableScorer scorer({1, 7, 3, 7, 9, 3}, 6);
  const Queries queries = literal_queries({{4}}, {{0}});
  WorkerPool pool(1);
  EXPECT_EQ(top_items(scorer, queries, 4, true, pool).values,
            (std::vector<ScoredItem>{{1, 7}, {3, 7}, {2, 3}, {5, 3}}));
  EXPECT_EQ(top_items(scorer, queries, 2, false, pool).values,
            (std::vector<ScoredItem>{{4, 9}, {1, 7}}));
}

TEST(TopItems, RowsAreShorterOnTinyCataloguesAndWhatIsImpossibleIsLeftOut) {
  const TableScorer scorer({1, -kInfinity, 3}, 3);
  Queries queries;
  queries.histories.add_row(std::vector<int32_t>{2});
  WorkerPool pool(1);
  EXPECT_EQ(top_items(scorer, queries, 10, true, pool).values, (std::vector<ScoredItem>{{0, 1}}));
  EXPECT_EQ(top_items(scorer, queries, 0, true, pool).size(), 1);
}

}  // namespace
}  // namespace truenext
