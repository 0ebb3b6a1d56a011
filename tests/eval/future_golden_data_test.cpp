// SPDX-License-Identifier: Apache-2.0
// Popularity on ML-100K under the rules of the published multi-future-item evaluation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "eval/drawn_candidates.h"
#include "eval/small_dataset.h"

namespace truenext {
namespace {

const std::filesystem::path kLog =
    std::filesystem::path(TRUENEXT_SHARED_DATA) / "ml-100k" / "u.data.gz";

class Ml100k : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kLog)) GTEST_SKIP() << "needs " << kLog;
  }
  Dataset prepared(int64_t test) const {
    PrepareOptions options;
    options.source.path = kLog.string();
    options.out = folder_ / "data";
    options.overwrite = true;
    options.split.method = SplitMethod::leave_last;
    options.split.test = test;
    prepare_dataset(options);
    return Dataset::open(options.out);
  }
  test::TemporaryFolder folder_;
};

Protocol original(uint64_t seed) {
  Protocol protocol;
  protocol.candidates = CandidateRule::original;
  protocol.ties = TieRule::behind;
  protocol.seed = seed;
  return protocol;
}

struct Means {
  double ndcg = 0, recall = 0;
};

Means popularity(const Dataset& dataset, const Protocol& protocol) {
  const Queries queries = make_queries(dataset, protocol);
  const auto negatives = draw_negatives(negative_source(dataset), queries, protocol);
  WorkerPool pool(2);
  const auto ranked = rank_horizons(*make_popularity_scorer(dataset),
                                    {queries, protocol, {whole_range(queries)}, negatives}, pool);
  EXPECT_EQ(ranked[0].ranks.size(), 943);
  const EvalResult result = compute_metrics(parse_metrics("ndcg@10,recall@10"), ranked[0].ranks);
  return {result.get("ndcg@10").mean, result.get("recall@10").mean};
}

struct Golden {
  int64_t m;
  Means drawn, full;           ///< published values, one draw of negatives
  double spread, full_spread;  ///< tolerance
};

// Two things differ from the published values: their single draw of negatives (ours is averaged
// over ten), and the order inside equal times, which decides what is held out: half of neighbouring
// events share a time, and for 44 % of the users a tie lies across the cut. With d = 0.44 x 943
// users whose held-out items were drawn anew, a mean of deviation s per user varies by s sqrt(2 d)
// / 943: for m = 1 with s = 0.49 (recall) by 0.015, with 0.28 and 0.14 in the full ranking by 0.008
// and 0.004; the draw adds less. Tolerances are twice that. For m = 10 only a part of ten items
// changes.
const Golden kGolden[] = {
    {1, {0.2253, 0.4019}, {0.0415, 0.0827}, 0.03, 0.016},
    {10, {0.3836, 0.3539}, {0.0839, 0.0783}, 0.015, 0.008},
};

TEST_F(Ml100k, PopularityUnderTheOriginalRuleIsAsPublished) {
  for (const Golden& golden : kGolden) {
    SCOPED_TRACE(golden.m);
    const Dataset dataset = prepared(golden.m);
    Means sum;
    for (uint64_t seed = 0; seed < 10; ++seed) {
      const Means means = popularity(dataset, original(seed));
      sum.ndcg += means.ndcg / 10;
      sum.recall += means.recall / 10;
    }
    EXPECT_NEAR(sum.ndcg, golden.drawn.ndcg, golden.spread);
    EXPECT_NEAR(sum.recall, golden.drawn.recall, golden.spread);
    const Means full = popularity(dataset, {});
    EXPECT_NEAR(full.ndcg, golden.full.ndcg, golden.full_spread);
    EXPECT_NEAR(full.recall, golden.full.recall, golden.full_spread);
  }
}

constexpr int kDraws = 60;

struct Collisions {
  double again_users = 0, again = 0, valid_users = 0, repeat_users = 0;
};

/// Shares of users, and `again` per user, over all draws.
Collisions collisions(const Dataset& dataset, int64_t m) {
  Collisions found;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    const Protocol protocol = original(seed);
    const Queries queries = make_queries(dataset, protocol);
    const auto drawn = draw_negatives(negative_source(dataset), queries, protocol);
    const double share = 1.0 / static_cast<double>(drawn.size()) / kDraws;
    for (int64_t query = 0; query < drawn.size(); ++query) {
      const auto negatives = drawn.row(query).first(static_cast<size_t>(kListLength - m));
      const auto targets = queries.targets.row(query);
      const int32_t valid = queries.histories.row(query).back();
      const auto again = std::count_if(negatives.begin(), negatives.end(), [&](int32_t item) {
        return std::find(targets.begin(), targets.end(), item) != targets.end();
      });
      found.again += share * static_cast<double>(again);
      found.again_users += again > 0 ? share : 0;
      found.valid_users +=
          std::find(negatives.begin(), negatives.end(), valid) != negatives.end() ? share : 0;
      const std::set<int32_t> distinct(negatives.begin(), negatives.end());
      found.repeat_users += distinct.size() < negatives.size() ? share : 0;
    }
  }
  return found;
}

/// What the rule gives on average: `again_users`, `again` and `valid_users`.
Collisions expected_collisions(const Dataset& dataset, int64_t m) {
  Collisions expected;
  const double share = 1.0 / static_cast<double>(dataset.num_users());
  for (const SplitPoint& split : dataset.splits()) {
    const auto remaining = static_cast<double>(dataset.num_items() - split.train_end);
    const auto negatives = static_cast<double>(kListLength - m);
    const double held_out = static_cast<double>(m) / remaining;
    expected.again += share * negatives * held_out;
    expected.again_users += share * (1 - std::pow(1 - held_out, negatives));
    expected.valid_users += share * (1 - std::pow(1 - 1 / remaining, negatives));
  }
  return expected;
}

/// Four standard deviations of a share of 943 users over so many draws.
double noise(double share, int draws) {
  return 4 * std::sqrt(share * (1 - share) / 943 / draws);
}

// The published shares are those of one draw.
TEST_F(Ml100k, CollisionsUnderTheOriginalRuleAreAsExpectedAndAsPublished) {
  for (const auto& [m, published] : {std::pair<int64_t, double>{1, 0.04}, {5, 0.26}, {10, 0.43}}) {
    SCOPED_TRACE(m);
    const Dataset dataset = prepared(m);
    const Collisions found = collisions(dataset, m);
    const Collisions expected = expected_collisions(dataset, m);
    EXPECT_NEAR(found.again_users, expected.again_users, noise(expected.again_users, kDraws));
    EXPECT_NEAR(found.valid_users, expected.valid_users, noise(expected.valid_users, kDraws));
    EXPECT_NEAR(found.again_users, published, noise(expected.again_users, 1));
    EXPECT_NEAR(found.repeat_users, 0.95, noise(0.95, 1) + 0.005);
    EXPECT_NEAR(found.valid_users, 0.06, noise(0.06, 1));
    if (m == 10) {
      // Nearly a Poisson count for every user.
      EXPECT_NEAR(found.again, 0.60, 4 * std::sqrt(0.60 / 943));
      EXPECT_NEAR(found.again, expected.again, 4 * std::sqrt(0.60 / 943 / kDraws));
    }
  }
}

}  // namespace
}  // namespace truenext
