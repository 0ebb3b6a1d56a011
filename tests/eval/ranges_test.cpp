// SPDX-License-Identifier: Apache-2.0
// Ranks and lists made range after range of the catalogue equal those made from whole rows.
#include <gtest/gtest.h>

#include "base/random.h"
#include "eval/score_blocks.h"
#include "eval/sum_encoder.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

constexpr TieRule kRules[] = {TieRule::half, TieRule::ahead, TieRule::behind, TieRule::lower_id,
                              TieRule::random};

/// Small whole numbers as coordinates: many items share a score, all over the catalogue.
struct Problem {
  int64_t items;
  SumEncoder encoder;
  Queries queries;

  Problem(int64_t num_items, int64_t num_queries)
      : items(num_items), encoder(coordinates(num_items), 2) {
    RandomStream random(random_key(8, Purpose::simulate));
    const auto item = [&] { return static_cast<int32_t>(random.below(items)); };
    for (int32_t query = 0; query < num_queries; ++query) {
      std::vector<int32_t> history = {item(), item(), item(), item()};
      std::vector<int32_t> targets = {static_cast<int32_t>(511 + query % 3)};  // about a border
      history.push_back(history[0]);
      history.push_back(static_cast<int32_t>(items - 1));
      if (query % 5 == 0) history.push_back(targets[0]);
      if (query % 2 == 0) targets.push_back(static_cast<int32_t>((7 * query) % 500));
      queries.users.push_back(query);
      queries.histories.add_row(history);
      queries.targets.add_row(targets);
    }
  }

  static std::vector<float> coordinates(int64_t num_items) {
    RandomStream random(random_key(9, Purpose::simulate));
    std::vector<float> table(static_cast<size_t>(2 * num_items));
    for (float& value : table) value = static_cast<float>(random.below(4)) - 1.5f;
    return table;
  }

  /// The same scores as whole rows.
  TableScorer whole(const Scorer& scorer) const {
    const int64_t count = queries.histories.size();
    std::vector<float> scores(static_cast<size_t>(count * items));
    scorer.score(queries, 0, count, scores.data());
    return {std::move(scores), items};
  }
};

TEST(Ranges, ManyRangesAndTiesAcrossTheirBordersChangeNothing) {
  const Problem problem(2100, 4200);  // blocks of 256 queries, five ranges, the last one short
  const auto by_range = make_encoder_scorer(problem.encoder);
  const TableScorer whole = problem.whole(*by_range);
  WorkerPool one(1);
  for (const int threads : {1, 2, 3}) {
    WorkerPool pool(threads);
    for (const TieRule rule : kRules) {
      Protocol protocol;
      protocol.ties = rule;
      protocol.exclude_seen = rule != TieRule::ahead;
      EXPECT_EQ(rank_targets(*by_range, problem.queries, protocol, pool).values,
                rank_targets(whole, problem.queries, protocol, one).values)
          << tie_rule_name(rule);
    }
    for (const int64_t k : {1, 10, 700}) {
      const auto best = top_items(*by_range, problem.queries, k, true, pool);
      const auto expected = top_items(whole, problem.queries, k, true, one);
      EXPECT_EQ(best.offsets, expected.offsets);
      EXPECT_EQ(best.values, expected.values) << k;
    }
  }
}

TEST(Ranges, FewQueriesShareALargeCatalogueAmongWorkers) {
  const Problem problem(200001, 2);
  const auto by_range = make_encoder_scorer(problem.encoder);
  EXPECT_EQ(cut_tasks(*by_range, 2, 3).size(), 3u);
  const TableScorer whole = problem.whole(*by_range);
  WorkerPool one(1);
  for (const int threads : {1, 2, 3}) {
    WorkerPool pool(threads);
    for (const int64_t k : {1, 20}) {
      EXPECT_EQ(top_items(*by_range, problem.queries, k, true, pool).values,
                top_items(whole, problem.queries, k, true, one).values);
    }
    EXPECT_EQ(rank_targets(*by_range, problem.queries, {}, pool).values,
              rank_targets(whole, problem.queries, {}, one).values);
  }
}

TEST(Ranges, EverySizeOfCatalogueIsCovered) {
  for (const int64_t items : {600, 512 * 16, 512 * 16 + 1, 9000}) {
    const Problem problem(items, 40);
    const auto by_range = make_encoder_scorer(problem.encoder);
    const TableScorer whole = problem.whole(*by_range);
    WorkerPool pool(2);
    EXPECT_EQ(top_items(*by_range, problem.queries, items, false, pool).values,
              top_items(whole, problem.queries, items, false, pool).values);
    const auto same = make_item_scorer(Problem::coordinates(items / 2));
    if (items % 2 != 0) continue;
    const TableScorer same_whole = problem.whole(*same);
    EXPECT_EQ(rank_targets(*same, problem.queries, {}, pool).values,
              rank_targets(same_whole, problem.queries, {}, pool).values);
  }
}

}  // namespace
}  // namespace truenext
