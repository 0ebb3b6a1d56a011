// SPDX-License-Identifier: Apache-2.0
#include "eval/drawn_candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "eval/table_scorer.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kUsers = 3000;
constexpr int64_t kItems = 400;
constexpr int64_t kLength = 30;
constexpr int64_t kTest = 10;

/// Users with distinct random items, one validation and ten test items.
class DrawnCandidates : public ::testing::Test {
 protected:
  DrawnCandidates() {
    std::vector<uint32_t> order(kItems);
    for (int64_t user = 0; user < kUsers; ++user) {
      shuffled_indices(random_key(1, Purpose::simulate, static_cast<uint64_t>(user)), order.data(),
                       kItems);
      sequences_.add_row(std::vector<int32_t>(order.begin(), order.begin() + kLength));
      const int64_t test = kLength - kTest;
      splits_.push_back({test - 1, test - 1, test, test, kLength});
    }
  }

  Protocol protocol(CandidateRule rule) const {
    Protocol protocol;
    protocol.candidates = rule;
    if (rule == CandidateRule::original) protocol.ties = TieRule::behind;
    return protocol;
  }
  NegativeSource source() const { return {sequences_, splits_, kItems, 77}; }
  Queries queries(const Protocol& protocol) const {
    return make_queries(sequences_, splits_, protocol);
  }
  Horizon nearest(int64_t items) const {
    return {items, std::vector<int64_t>(static_cast<size_t>(kUsers), items), items * kUsers, 0};
  }

  Jagged<int32_t> sequences_;
  std::vector<SplitPoint> splits_;
};

/// Scores without any knowledge, different for every user.
class RandomScorer : public Scorer {
 public:
  explicit RandomScorer(uint64_t seed) : seed_(seed) {}
  int64_t num_items() const override { return kItems; }
  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    for (int64_t query = begin; query < end; ++query) {
      RandomStream random(random_key(seed_, Purpose::simulate),
                          static_cast<uint64_t>(queries.users[static_cast<size_t>(query)]));
      for (int64_t item = 0; item < kItems; ++item) {
        *scores++ = static_cast<float>(random.uniform());
      }
    }
  }

 private:
  uint64_t seed_;
};

TEST_F(DrawnCandidates, CleanNegativesAreDistinctAndNeverMet) {
  const Protocol clean = protocol(CandidateRule::clean);
  const auto negatives = draw_negatives(source(), queries(clean), clean);
  ASSERT_EQ(negatives.size(), kUsers);
  for (int64_t user = 0; user < kUsers; ++user) {
    const auto row = negatives.row(user);
    ASSERT_EQ(row.size(), 100u);
    std::set<int32_t> all(row.begin(), row.end());
    ASSERT_EQ(all.size(), 100u);
    for (const int32_t item : sequences_.row(user)) all.insert(item);
    ASSERT_EQ(all.size(), 100u + kLength);
    ASSERT_GE(*all.begin(), 0);
    ASSERT_LT(*all.rbegin(), kItems);
  }
}

TEST_F(DrawnCandidates, EveryRemainingItemIsDrawnEquallyOften) {
  for (const CandidateRule rule : {CandidateRule::clean, CandidateRule::original}) {
    const Protocol drawn = protocol(rule);
    std::vector<double> counts(kItems), expected(kItems);
    const auto negatives = draw_negatives(source(), queries(drawn), drawn);
    for (const int32_t item : negatives.values) ++counts[static_cast<size_t>(item)];
    for (int64_t user = 0; user < kUsers; ++user) {
      const int64_t met = rule == CandidateRule::clean ? kLength : kLength - kTest - 1;
      for (double& value : expected) value += 100.0 / static_cast<double>(kItems - met);
      for (const int32_t item : sequences_.row(user).first(static_cast<size_t>(met))) {
        expected[static_cast<size_t>(item)] -= 100.0 / static_cast<double>(kItems - met);
      }
    }
    // Counts vary by less than a Poisson count (sd about 27), and the largest of 400 normal
    // deviations exceeds 5 standard deviations once in 4000 seeds.
    for (size_t item = 0; item < kItems; ++item) {
      EXPECT_NEAR(counts[item], expected[item], 5 * std::sqrt(expected[item]));
    }
  }
}

TEST_F(DrawnCandidates, OriginalNegativesAvoidTheTrainingPartOnly) {
  const Protocol original = protocol(CandidateRule::original);
  const auto negatives = draw_negatives(source(), queries(original), original);
  int64_t held_out_again = 0, validation_again = 0, repeating_users = 0;
  for (int64_t user = 0; user < kUsers; ++user) {
    const auto sequence = sequences_.row(user);
    const auto row = negatives.row(user);
    repeating_users += std::set<int32_t>(row.begin(), row.end()).size() < row.size();
    for (const int32_t item : row) {
      const auto place = std::find(sequence.begin(), sequence.end(), item) - sequence.begin();
      ASSERT_FALSE(place < kLength - kTest - 1);
      validation_again += place == kLength - kTest - 1;
      held_out_again += place >= kLength - kTest && place < kLength;
    }
  }
  const double expected = 100.0 * kUsers / (kItems - (kLength - kTest - 1));
  EXPECT_NEAR(static_cast<double>(validation_again), expected, 5 * std::sqrt(expected));
  EXPECT_NEAR(static_cast<double>(held_out_again), 10 * expected, 5 * std::sqrt(10 * expected));
  EXPECT_GT(repeating_users, kUsers * 99 / 100);
}

TEST_F(DrawnCandidates, DependOnDataSeedAndUserAndNothingElse) {
  for (const CandidateRule rule : {CandidateRule::clean, CandidateRule::original}) {
    const Protocol all = protocol(rule);
    const Queries everyone = queries(all);
    const auto negatives = draw_negatives(source(), everyone, all);
    EXPECT_EQ(draw_negatives(source(), everyone, all).values, negatives.values);
    Protocol fewer = all;
    fewer.max_users = 40;
    fewer.negatives = 30;
    const Queries sample = queries(fewer);
    const auto of_sample = draw_negatives(source(), sample, fewer);
    for (int64_t query = 0; query < 40; ++query) {
      const auto whole = negatives.row(sample.users[static_cast<size_t>(query)]);
      const auto part = of_sample.row(query);
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin(), whole.begin() + 30));
    }
    Protocol other = all;
    other.seed = 43;
    EXPECT_NE(draw_negatives(source(), everyone, other).values, negatives.values);
    NegativeSource elsewhere = source();
    elsewhere.data_key = 78;
    EXPECT_NE(draw_negatives(elsewhere, everyone, all).values, negatives.values);
  }
}

TEST_F(DrawnCandidates, ARandomScorerHasTheChanceLevelOfAListOf101) {
  for (const CandidateRule rule : {CandidateRule::clean, CandidateRule::original}) {
    const Protocol drawn = protocol(rule);
    const Queries all = queries(drawn);
    const RankingTask task{
        all, drawn, {nearest(10), nearest(1), nearest(5)}, draw_negatives(source(), all, drawn)};
    WorkerPool pool(2);
    const auto ranked = rank_horizons(RandomScorer(5), task, pool);
    // A copy of a held-out item stands behind it and changes its chance by 0.0003 at most. Standard
    // deviations of the means, from binomials: 0.0054 at m = 1, 0.0018 at m = 5, 0.0017 at m = 10.
    const auto mean = [&](size_t horizon, const char* label) {
      return compute_metrics(parse_metrics(label), ranked[horizon].ranks).get(label).mean;
    };
    EXPECT_NEAR(mean(0, "recall@10"), 10.0 / 101, 0.008) << candidate_rule_name(rule);
    EXPECT_NEAR(mean(0, "recall@20"), 20.0 / 101, 0.009);
    EXPECT_NEAR(mean(0, "ndcg@10"), 0.0990, 0.008);
    EXPECT_NEAR(mean(1, "recall@10"), 10.0 / 101, 0.022);
    EXPECT_NEAR(mean(1, "ndcg@10"), 0.0450, 0.011);
    EXPECT_NEAR(mean(2, "recall@5"), 5.0 / 101, 0.008);
    const auto& ranks = ranked[0].ranks.values;
    EXPECT_LE(*std::max_element(ranks.begin(), ranks.end()), 100);
  }
}

TEST_F(DrawnCandidates, RanksDoNotDependOnThreads) {
  const Protocol clean = protocol(CandidateRule::clean);
  const Queries all = queries(clean);
  const RankingTask task{all, clean, {nearest(10)}, draw_negatives(source(), all, clean)};
  WorkerPool one(1), three(3);
  EXPECT_EQ(rank_horizons(RandomScorer(5), task, one)[0].ranks.values,
            rank_horizons(RandomScorer(5), task, three)[0].ranks.values);
}

std::vector<RankedTargets> rank_list(std::vector<float> scores, const Protocol& protocol,
                                     std::vector<int32_t> negatives, std::vector<int64_t> counts) {
  const auto items = static_cast<int64_t>(scores.size());
  const TableScorer scorer(std::move(scores), items);
  const Queries queries = literal_queries({{0}}, {{3, 1, 2}});
  RankingTask task{queries, protocol, {}, {}};
  for (const int64_t count : counts) task.horizons.push_back({count, {count}, count, 0});
  task.negatives.add_row(negatives);
  WorkerPool pool(1);
  return rank_horizons(scorer, task, pool);
}

TEST(DrawnLists, HeldOutItemsStandBeforeEqualNegativesUnderTheOriginalRule) {
  Protocol original;
  original.candidates = CandidateRule::original;
  original.ties = TieRule::behind;
  original.negatives = 5;
  // Scores of items 0..6; the list is 3 1 2 | 5 1 6 6 4.
  const auto ranked = rank_list({9, 4, 7, 4, 1, 8, 4}, original, {5, 1, 6, 6, 4}, {3});
  // By score: 5 2 | 3 1 1 6 6 | 4: item 3 is the first of the equal, in list order.
  EXPECT_EQ(ranked[0].ranks.values, (std::vector<int64_t>{2, 3, 1}));
  EXPECT_EQ(ranked[0].repeats.values, (std::vector<int64_t>{4, 6}));
}

TEST(DrawnLists, AHorizonSeesItsOwnHeldOutItemsAndNegatives) {
  Protocol clean;
  clean.candidates = CandidateRule::clean;
  clean.negatives = 2;
  const auto ranked = rank_list({9, 4, 7, 3, 1, 8, 5}, clean, {4, 6, 5}, {1, 3});
  EXPECT_EQ(ranked[0].ranks.values, (std::vector<int64_t>{1}));        // 6 3 4
  EXPECT_EQ(ranked[1].ranks.values, (std::vector<int64_t>{3, 2, 0}));  // 2 6 1 3 4
  EXPECT_EQ(ranked[0].repeats.values.size(), 0u);
  clean.negatives = -1;  // 101 less the held-out items: all that were drawn
  EXPECT_EQ(rank_list({9, 4, 7, 3, 1, 8, 5}, clean, {4, 6, 5}, {1})[0].ranks.values,
            (std::vector<int64_t>{2}));
}

TEST(DrawnLists, SmallCataloguesGiveWhatTheyHave) {
  Jagged<int32_t> sequences;
  sequences.add_row(std::vector<int32_t>{0, 1, 2, 3});
  const std::vector<SplitPoint> splits{{2, 2, 3, 3, 4}};
  Protocol protocol;
  const Queries queries = make_queries(sequences, splits, protocol);
  protocol.candidates = CandidateRule::clean;
  const auto drawn = [&](int64_t items) {
    return draw_negatives({sequences, splits, items, 1}, queries, protocol).values;
  };
  auto all = drawn(7);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<int32_t>{4, 5, 6}));
  EXPECT_TRUE(drawn(4).empty());
  protocol.candidates = CandidateRule::original;
  EXPECT_EQ(drawn(4).size(), 100u);  // items 2 and 3
  const std::vector<SplitPoint> all_trained{{4, 3, 3, 3, 4}};
  EXPECT_TRUE(draw_negatives({sequences, all_trained, 4, 1}, queries, protocol).values.empty());
}

TEST(CandidateRules, NamesRoundTrip) {
  for (const char* name : {"full", "clean", "original"}) {
    EXPECT_EQ(candidate_rule_name(parse_candidate_rule(name)), name);
  }
  EXPECT_EQ(test::caught([] { parse_candidate_rule("sampled"); }).code, ExitCode::usage);
}

}  // namespace
}  // namespace truenext
