// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "eval/evaluator.h"

namespace truenext {
namespace {

// Worked out by hand: after item 1 came 2 three times and 0 once; 8 events, 4 items, so that
// P = (count + 1) / 12.
TEST(NextScorer, IsTheLogarithmOfADistributionThatBacksOffToPopularity) {
  NextCounts counts;
  counts.popular = {2, 3, 3, 0};
  counts.followers.add_row(std::vector<NextCounts::Follower>{});
  counts.followers.add_row(std::vector<NextCounts::Follower>{{0, 1}, {2, 3}});
  counts.followers.add_row(std::vector<NextCounts::Follower>{});
  counts.followers.add_row(std::vector<NextCounts::Follower>{});
  const auto scorer = make_next_scorer(counts);
  ASSERT_EQ(scorer->num_items(), 4);
  Queries queries;
  queries.histories.add_row(std::vector<int32_t>{3, 1});
  queries.histories.add_row(std::vector<int32_t>{1, 0});
  queries.histories.add_row(std::vector<int32_t>{});
  std::vector<float> scores(12);
  scorer->score(queries, 0, 3, scores.data());
  const double popular[] = {3 / 12.0, 4 / 12.0, 4 / 12.0, 1 / 12.0};
  const double times[] = {1, 0, 3, 0};
  double sums[3] = {};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(scores[i], std::log((times[i] + popular[i]) / 5), 1e-6) << i;
    EXPECT_NEAR(scores[4 + i], std::log(popular[i]), 1e-6) << i;
    EXPECT_NEAR(scores[8 + i], std::log(popular[i]), 1e-6) << i;  // nobody knows what came last
    for (size_t q = 0; q < 3; ++q) sums[q] += std::exp(double{scores[4 * q + i]});
  }
  for (const double sum : sums) EXPECT_NEAR(sum, 1, 1e-6);
}

}  // namespace
}  // namespace truenext
