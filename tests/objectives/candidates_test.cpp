// SPDX-License-Identifier: Apache-2.0
#include "objectives/candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 50;
constexpr DrawPlace kPlace{1, 9, 3, 2};
constexpr double kChi2Of49 = 85.4;  // 99.9 % point with 49 degrees of freedom

constexpr CandidateSet kDrawn[] = {CandidateSet::uniform, CandidateSet::popularity,
                                   CandidateSet::mixed, CandidateSet::batch};

ObjectiveOptions options(CandidateSet candidates) {
  ObjectiveOptions o;
  o.candidates = candidates;
  return o;
}

std::vector<int64_t> counts() {
  std::vector<int64_t> counts(kItems);
  for (int64_t i = 0; i < kItems; ++i) counts[i] = 1 + i * i;
  return counts;
}

std::vector<int32_t> drawn(const CandidateSampler& sampler, size_t n,
                           const std::vector<int32_t>& excluded = {},
                           const std::vector<int32_t>& pool = {}) {
  std::vector<int32_t> out(n);
  sampler.draw(kPlace, excluded, pool, out);
  return out;
}

/// Against q without the excluded items, renormalised.
double chi2(const std::vector<int32_t>& draws, std::vector<double> q,
            const std::vector<int32_t>& excluded) {
  for (const int32_t item : excluded) q[item] = 0;
  const double sum = std::accumulate(q.begin(), q.end(), 0.0);
  std::vector<double> seen(q.size());
  for (const int32_t item : draws) ++seen.at(item);
  double result = 0;
  for (size_t i = 0; i < q.size(); ++i) {
    const double expected = q[i] / sum * static_cast<double>(draws.size());
    if (expected == 0) {
      EXPECT_EQ(seen[i], 0) << i;
    } else {
      result += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
  }
  return result;
}

std::vector<double> proposal(CandidateSet kind) {
  std::vector<double> by_count, q(kItems, 1.0 / kItems);
  for (const int64_t count : counts()) {
    by_count.push_back(
        std::pow(static_cast<double>(count), kind == CandidateSet::batch ? 1.0 : 0.75));
  }
  const double sum = std::accumulate(by_count.begin(), by_count.end(), 0.0);
  const double share = kind == CandidateSet::uniform ? 0 : kind == CandidateSet::mixed ? 0.5 : 1;
  for (int64_t i = 0; i < kItems; ++i) q[i] = share * by_count[i] / sum + (1 - share) * q[i];
  return q;
}

std::vector<int32_t> batch_pool() {
  std::vector<int32_t> pool;
  const std::vector<int64_t> all = counts();
  for (int32_t i = 0; i < kItems; ++i) pool.insert(pool.end(), static_cast<size_t>(all[i]), i);
  return pool;
}

class EveryProposal : public testing::TestWithParam<CandidateSet> {};

TEST_P(EveryProposal, FollowsItsDistributionWithAndWithoutExclusions) {
  const CandidateSampler sampler(options(GetParam()), kItems, counts());
  const std::vector<std::vector<int32_t>> exclusions = {{}, {48}, {0, 3, 4, 5, 47, 49}};
  for (const std::vector<int32_t>& excluded : exclusions) {
    const auto draws = drawn(sampler, 200000, excluded, batch_pool());
    EXPECT_LT(chi2(draws, proposal(GetParam()), excluded), kChi2Of49) << excluded.size();
  }
}

TEST_P(EveryProposal, DependsOnThePlaceOnly) {
  const CandidateSampler sampler(options(GetParam()), kItems, counts());
  const auto few = drawn(sampler, 5, {1, 49}, batch_pool());
  const auto many = drawn(sampler, 40, {1, 49}, batch_pool());
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  for (const DrawPlace& other : {DrawPlace{2, 9, 3, 2}, {1, 8, 3, 2}, {1, 9, 4, 2}, {1, 9, 3, 1}}) {
    std::vector<int32_t> out(40);
    sampler.draw(other, std::vector<int32_t>{1, 49}, batch_pool(), out);
    EXPECT_NE(many, out);
  }
}

TEST_P(EveryProposal, FindsTheOnlyItemThatIsLeft) {
  const CandidateSampler sampler(options(GetParam()), kItems, counts());
  std::vector<int32_t> excluded(kItems);
  std::iota(excluded.begin(), excluded.end(), 0);
  excluded.erase(excluded.begin() + 1);  // an item that draws by popularity hardly ever propose
  EXPECT_EQ(drawn(sampler, 3, excluded, batch_pool()), (std::vector<int32_t>{1, 1, 1}));
}

INSTANTIATE_TEST_SUITE_P(All, EveryProposal, testing::ValuesIn(kDrawn));

TEST(CandidateSampler, KnowsHowOftenAnItemIsExpected) {
  for (const CandidateSet kind : kDrawn) {
    ObjectiveOptions o = options(kind);
    o.log_q = true;
    const CandidateSampler sampler(o, kItems, counts());
    const std::vector<double> q = proposal(kind);
    for (const int32_t item : {0, 7, 49}) {
      EXPECT_NEAR(sampler.log_expected(item, 20), std::log(20 * q[item]), 1e-12) << word_of(kind);
    }
  }
}

TEST(CandidateSampler, RefusesCountsThatSayNothing) {
  EXPECT_THROW(CandidateSampler(options(CandidateSet::popularity), kItems, {}), Error);
  EXPECT_THROW(CandidateSampler(options(CandidateSet::mixed), 3, std::vector<int64_t>{0, 0, 0}),
               Error);
  EXPECT_NO_THROW(CandidateSampler(options(CandidateSet::uniform), kItems, {}));
}

}  // namespace
}  // namespace truenext
