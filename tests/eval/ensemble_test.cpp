// SPDX-License-Identifier: Apache-2.0
#include "eval/ensemble.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr EnsembleRule kRules[] = {EnsembleRule::mean_probability, EnsembleRule::mean_logit,
                                   EnsembleRule::rank};
using Table = std::vector<float>;

std::unique_ptr<Scorer> ensemble(const std::vector<Table>& members, int64_t items,
                                 const EnsembleOptions& options) {
  std::vector<std::unique_ptr<Scorer>> scorers;
  for (const Table& table : members) scorers.push_back(std::make_unique<TableScorer>(table, items));
  return make_ensemble_scorer(std::move(scorers), options);
}

/// Scores of one query.
Table scores_of(const std::vector<Table>& members, const EnsembleOptions& options) {
  const auto items = std::ssize(members.front());
  Table out(members.front().size());
  ensemble(members, items, options)->score(literal_queries({{0}}, {{0}}), 0, 1, out.data());
  return out;
}

Table random_table(size_t size, uint64_t seed, float step = 0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, 4);
  Table table(size);
  for (float& score : table) {
    score = normal(random);
    if (step > 0) score = std::round(score / step) * step;
  }
  return table;
}

void expect_near(const Table& got, const std::vector<double>& wanted, double error) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(got[i]), wanted[i], error) << "item " << i;
  }
}

// The order of the labels that students learn from (labels.mixing).
TEST(Ensemble, AveragesOfProbabilitiesAreThoseOfTheMixer) {
  const std::vector<Table> members{random_table(40, 1), random_table(40, 2), random_table(40, 3)};
  std::vector<const float*> rows;
  for (const Table& member : members) rows.push_back(member.data());
  std::set<Table> different;
  for (const Mixing mixing : {Mixing::probability, Mixing::confidence, Mixing::early_exit}) {
    EnsembleOptions options{.temperature = 2, .weights = {0.2, 0.5, 0.3}, .mixing = mixing};
    const Table scores = scores_of(members, options);
    const Mixer mixer({.mixing = mixing, .temperature = 2, .weights = options.weights}, 3);
    double weight[3], log_sum[3];
    mixer.survey(rows, 40, weight, log_sum);
    Table probabilities(40);
    mixer.probabilities(rows, 40, weight, log_sum, probabilities.data());
    for (size_t i = 1; i < 40; ++i) {
      const double wanted = 2 * std::log(static_cast<double>(probabilities[i]) /
                                         static_cast<double>(probabilities[0]));
      EXPECT_NEAR(static_cast<double>(scores[i] - scores[0]), wanted, 1e-4) << word_of(mixing);
    }
    different.insert(probabilities);
  }
  EXPECT_EQ(different.size(), 3u);
}

TEST(Ensemble, RulesGiveTheNumbersOfTheirDefinitions) {
  // Probabilities (1, 2, 5) / 8 and (6, 3, 1) / 10, ranks (3, 2, 1) and (1, 2, 3).
  const std::vector<Table> members{{0, std::log(2.0f), std::log(5.0f)},
                                   {std::log(6.0f), std::log(3.0f), 0}};
  const double level = (std::log(8.0) + std::log(10.0)) / 2;
  expect_near(scores_of(members, {EnsembleRule::mean_probability}),
              {std::log(0.3625) + level, std::log(0.275) + level, std::log(0.3625) + level}, 1e-6);
  expect_near(scores_of(members, {EnsembleRule::mean_logit}),
              {std::log(6.0) / 2, std::log(6.0) / 2, std::log(5.0) / 2}, 1e-6);
  EnsembleOptions options{EnsembleRule::mean_logit, 1, {1, 3}};
  expect_near(
      scores_of(members, options),
      {0.75 * std::log(6.0), 0.25 * std::log(2.0) + 0.75 * std::log(3.0), 0.25 * std::log(5.0)},
      1e-6);
  options.rule = EnsembleRule::rank;  // mean ranks 1.5, 2, 2.5
  EXPECT_EQ(scores_of(members, options), (Table{-1, -2, -3}));
  options.weights = {3, 1};
  EXPECT_EQ(scores_of(members, options), (Table{-3, -2, -1}));
}

TEST(Ensemble, MeanProbabilityOrdersByAveragedTemperedProbabilities) {
  const size_t items = 300;
  const std::vector<Table> members{random_table(items, 1), random_table(items, 2),
                                   random_table(items, 3)};
  const std::vector<double> weights{0.5, 2, 1};
  for (const double temperature : {0.5, 1.0, 3.0}) {
    std::vector<double> p(items, 0.0);
    double level = 0;
    for (size_t k = 0; k < members.size(); ++k) {
      double sum = 0;
      for (const float s : members[k]) sum += std::exp(static_cast<double>(s) / temperature);
      for (size_t i = 0; i < items; ++i) {
        p[i] += weights[k] / 3.5 * std::exp(static_cast<double>(members[k][i]) / temperature) / sum;
      }
      level += weights[k] / 3.5 * std::log(sum);
    }
    for (double& value : p) value = temperature * (std::log(value) + level);
    expect_near(scores_of(members, {EnsembleRule::mean_probability, temperature, weights}), p,
                1e-5);
  }
}

TEST(Ensemble, RankSharesTheRanksOfEqualScoresAndBreaksEqualMeansByProbability) {
  // Ranks (1, 2.5, 2.5, 4) and (2, 4, 3, 1): means 1.5, 3.25, 2.75, 2.5.
  EXPECT_EQ(scores_of({{3, 1, 1, 0}, {5, 1, 2, 9}}, {EnsembleRule::rank}), (Table{-1, -4, -3, -2}));
  // Means 1.5, 1.5, 3: item 1 is surer of the first place than item 0 is.
  EXPECT_EQ(scores_of({{2, 1, 0}, {1, 9, 0}}, {EnsembleRule::rank}), (Table{-2, -1, -3}));
  // Means 2, 2, 4, 2; items 0 and 1 are equal in both members and share a place behind item 3.
  EXPECT_EQ(scores_of({{1, 1, 0, 5}, {2, 2, 0, 1}}, {EnsembleRule::rank}), (Table{-2, -2, -4, -1}));
  // The means of items 0 and 3, 0.1 * 1 + 0.2 * 2 + 0.7 * 2 and 0.1 * 4 + 0.2 * 4 + 0.7 * 1, are
  // equal but for rounding, which would put the less probable first.
  EXPECT_EQ(
      scores_of({{4, 3, 2, 1}, {3, 4, 2, 1}, {3, 2, 1, 4}}, {EnsembleRule::rank, 1, {1, 2, 7}}),
      (Table{-2, -3, -4, -1}));
}

/// What was ranked and listed, so that two scorers can be compared.
struct Ranking {
  std::vector<int64_t> ranks;
  std::vector<ScoredItem> list;
};

Ranking ranking_of(const Scorer& scorer, int64_t queries, bool exclude_seen) {
  Queries asked;
  for (int64_t q = 0; q < queries; ++q) {
    asked.users.push_back(static_cast<int32_t>(q));
    asked.histories.add_row(std::vector<int32_t>{static_cast<int32_t>(q % 7), 11});
    asked.targets.add_row(std::vector<int32_t>{static_cast<int32_t>((q * 5) % 30), 31});
  }
  Protocol protocol;
  protocol.exclude_seen = exclude_seen;
  WorkerPool pool(2);
  return {rank_targets(scorer, asked, protocol, pool).values,
          top_items(scorer, asked, 9, exclude_seen, pool).values};
}

TEST(Ensemble, EqualMembersRankAsOneOfThemDoes) {
  const int64_t items = 40, queries = 90;
  for (const float step : {0.0f, 0.5f}) {  // without equal scores and with many
    const Table table = random_table(static_cast<size_t>(items * queries), 17, step);
    const Ranking alone = ranking_of(TableScorer(table, items), queries, true);
    for (const EnsembleRule rule : kRules) {
      for (const size_t members : {1, 2, 3}) {
        const auto scorer =
            ensemble(std::vector<Table>(members, table), items, EnsembleOptions{rule});
        const Ranking together = ranking_of(*scorer, queries, true);
        EXPECT_EQ(together.ranks, alone.ranks) << word_of(rule) << " " << members;
        ASSERT_EQ(together.list.size(), alone.list.size());
        for (size_t i = 0; i < alone.list.size(); ++i) {
          EXPECT_EQ(together.list[i].item, alone.list[i].item) << word_of(rule) << " " << i;
          if (rule != EnsembleRule::rank) {
            EXPECT_EQ(together.list[i].score, alone.list[i].score) << word_of(rule);
          }
        }
      }
    }
  }
}

TEST(Ensemble, AMemberWithoutWeightIsNotAsked) {
  const Table table = random_table(50, 3);
  const Table broken(50, std::nanf(""));
  for (const EnsembleRule rule : kRules) {
    EXPECT_EQ(scores_of({broken, table}, {rule, 1, {0, 2}}), scores_of({table}, {rule}));
  }
}

TEST(Ensemble, ScoresDoNotDependOnBlocks) {
  const int64_t items = 33, queries = 70;
  const std::vector<Table> members{random_table(static_cast<size_t>(items * queries), 4),
                                   random_table(static_cast<size_t>(items * queries), 5)};
  Queries asked;
  for (int64_t q = 0; q < queries; ++q) asked.histories.add_row(std::vector<int32_t>{0});
  for (const EnsembleRule rule : kRules) {
    const auto scorer = ensemble(members, items, EnsembleOptions{rule});
    Table whole(static_cast<size_t>(items * queries)), row(static_cast<size_t>(items));
    scorer->score(asked, 0, queries, whole.data());
    for (int64_t q = 0; q < queries; q += 13) {
      scorer->score(asked, q, q + 1, row.data());
      EXPECT_EQ(row, Table(whole.begin() + q * items, whole.begin() + (q + 1) * items));
    }
  }
}

TEST(Ensemble, ItemsThatNobodyRecommendsStayOut) {
  const std::vector<Table> members{{2, 1, -kInfinity, -kInfinity}, {1, 2, 0, -kInfinity}};
  const auto never = [&](EnsembleRule rule) {
    std::string marks;
    for (const float score : scores_of(members, EnsembleOptions{rule})) {
      marks += score == -kInfinity ? 'x' : '.';
    }
    return marks;
  };
  EXPECT_EQ(never(EnsembleRule::mean_probability), "...x");
  EXPECT_EQ(never(EnsembleRule::mean_logit), "..xx");
  EXPECT_EQ(never(EnsembleRule::rank), "...x");
}

TEST(Ensemble, BrokenScoresAndWrongOptionsAreErrors) {
  const auto code = [](const std::vector<Table>& members, const EnsembleOptions& options) {
    try {
      scores_of(members, options);
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::ok;
  };
  const Table good(6, 1.0f);
  for (const float bad : {std::nanf(""), kInfinity}) {
    Table broken = good;
    broken[4] = bad;
    for (const EnsembleRule rule : kRules) {
      EXPECT_EQ(code({good, broken}, EnsembleOptions{rule}), ExitCode::data) << word_of(rule);
    }
  }
  EXPECT_EQ(code({good, good}, {}), ExitCode::ok);
  EXPECT_EQ(code({good, good}, {EnsembleRule::rank, 1, {1}}), ExitCode::usage);
  EXPECT_EQ(code({good, good}, {EnsembleRule::mean_probability, 0}), ExitCode::usage);
}

}  // namespace
}  // namespace truenext
