// SPDX-License-Identifier: Apache-2.0
#include "eval/baselines.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

std::vector<float> scores_of(const Scorer& scorer, const Queries& queries) {
  std::vector<float> scores(queries.users.size() * static_cast<size_t>(scorer.num_items()));
  scorer.score(queries, 0, static_cast<int64_t>(queries.users.size()), scores.data());
  return scores;
}

/// Histories, and splits that hold out what follows the training part.
struct Log {
  Jagged<int32_t> histories;
  Jagged<int64_t> times;
  std::vector<SplitPoint> splits;

  void add(const std::vector<int32_t>& items, int64_t train_end, int64_t last_time) {
    const auto length = static_cast<int64_t>(items.size());
    histories.add_row(items);
    std::vector<int64_t> row;
    for (int64_t i = 0; i < length; ++i) row.push_back(last_time + i + 1 - train_end);
    times.add_row(row);
    splits.push_back({train_end, train_end, train_end, train_end, length});
  }
};

/// A query of a user.
Queries asked_by(int32_t user, const std::vector<int32_t>& history) {
  Queries queries = literal_queries({history}, {{0}});
  queries.users = {user};
  return queries;
}

/// Items 0 to 6; training parts 0 1 2 | 1 2 3 3 | 2 4 | 0 1 4; user 4 only asks. The last events of
/// training are at 10, 30, 20 and 20; held out are 5, 5, 6 and 6.
Log small_log() {
  Log log;
  log.add({0, 1, 2, 5}, 3, 10);
  log.add({1, 2, 3, 3, 5}, 4, 30);
  log.add({2, 4, 6}, 2, 20);
  log.add({0, 1, 4, 6}, 3, 20);
  log.add({0, 1, 2}, 0, 0);
  return log;
}

std::vector<float> neighbour_row(const Log& log, const NeighbourOptions& options,
                                 const Queries& query) {
  return scores_of(*make_neighbour_scorer(log.histories, log.times, log.splits, 7, options), query);
}

// Of the query 0 1 2, item 2 counts 3, 1 counts 2 and 0 counts 1. User 0 shares 6, newest place 1;
// user 1 shares 5, place 1; user 2 shares 3, place 1; user 3 shares 3, place 2. Places 1 and 2 have
// weights 9 and 8 in tenths, so their credits are 54, 45, 27 and 24. Counts of training are 2 3 3 2
// 2 0 0; nobody's items follow by popularity, below 0.
TEST(Neighbours, ScoresAreSumsOfSimilarityTimesDecay) {
  struct Case {
    const char* what;
    NeighbourOptions options;
    int32_t user;
    std::vector<int32_t> history;
    std::vector<float> scores;
  };
  const std::vector<Case> cases{
      {"all", {3, 10, 10, false}, 4, {0, 1, 2}, {78, 123, 126, 45, 51, -4, -4}},
      {"older events are not compared",
       {3, 10, 10, false},
       4,
       {4, 6, 0, 1, 2},
       {78, 123, 126, 45, 51, -4, -4}},
      {"a repeated item counts at its newest place: 2 is 4, 1 is 3, 0 is 1",
       {4, 10, 10, false},
       4,
       {0, 2, 1, 2},
       {104, 167, 171, 63, 68, -4, -4}},
      {"two neighbours", {3, 10, 2, false}, 4, {0, 1, 2}, {54, 99, 99, 45, -2, -4, -4}},
      {"of equal ones the later: user 3",
       {3, 10, 3, false},
       4,
       {0, 1, 2},
       {78, 123, 99, 45, 24, -4, -4}},
      {"the two most recent candidates: users 1 and 3",
       {3, 2, 10, false},
       4,
       {0, 1, 2},
       {24, 69, 45, 45, 24, -4, -4}},
      {"nobody is his own neighbour: users 3 and 2",
       {3, 2, 10, false},
       1,
       {0, 1, 2},
       {24, 24, 27, -2, 51, -4, -4}},
      {"nothing is shared", {3, 10, 10, false}, 4, {6, 5}, {-2, -1, -1, -2, -2, -4, -4}},
      {"no history", {3, 10, 10, false}, 4, {}, {-2, -1, -1, -2, -2, -4, -4}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(neighbour_row(small_log(), c.options, asked_by(c.user, c.history)), c.scores)
        << c.what;
  }
}

TEST(Neighbours, RareItemsCountMoreWithIdf) {
  const auto row = neighbour_row(small_log(), {3, 10, 10, true}, asked_by(4, {0, 1, 2}));
  EXPECT_FLOAT_EQ(row[0], static_cast<float>(78 * std::log(4.0 / 2)));
  EXPECT_FLOAT_EQ(row[1], static_cast<float>(123 * std::log(4.0 / 3)));
  EXPECT_FLOAT_EQ(row[3], static_cast<float>(45 * std::log(4.0 / 1)));
  EXPECT_EQ(row[5], -4);
}

TEST(Neighbours, WithoutTimesTheLaterUserIsTheMoreRecent) {
  const Log log = small_log();
  const auto scorer = make_neighbour_scorer(log.histories, {}, log.splits, 7, {3, 1, 10, false});
  EXPECT_EQ(scores_of(*scorer, asked_by(4, {0, 1, 2})),
            (std::vector<float>{24, 24, -1, -2, 24, -4, -4}));  // user 3 alone
}

TEST(Neighbours, SizesAreChecked) {
  EXPECT_THROW(neighbour_row(small_log(), {0, 1, 1}, asked_by(4, {0})), Error);
  EXPECT_THROW(neighbour_row(small_log(), {1, 0, 1}, asked_by(4, {0})), Error);
  EXPECT_THROW(neighbour_row(small_log(), {1, 1, 0}, asked_by(4, {0})), Error);
  EXPECT_THROW(neighbour_row(small_log(), {101, 1, 1}, asked_by(4, {0})), Error);
  EXPECT_THROW(neighbour_row(small_log(), {1, 1, 40'001}, asked_by(4, {0})), Error);
}

// Training parts 0 1 2 | 0 1 3 | 3 1 2 | 0 1 2 1: after 1 follow 2 2 2 3, after 0 follow 1 1 1,
// after 3 follows 1, after 2 follows 1. Counts 3 5 3 2 of 13.
// Once met after one item: (1, 3), (3, 1), (2, 1), twice: none. D1 = 3 / 3 = 1.
// After two: 01 -> 2 2 3, 31 -> 2, 12 -> 1. Once: 3, twice: 1. D2 = 3 / 5.
// After three: 012 -> 1. D3 = 1.
Log markov_log() {
  Log log;
  log.add({0, 1, 2, 4}, 3, 0);
  log.add({0, 1, 3, 4}, 3, 0);
  log.add({3, 1, 2, 4}, 3, 0);
  log.add({0, 1, 2, 1, 4}, 4, 0);
  return log;
}

TEST(Markov, ScoresAreInterpolatedFromTheShortestContextToTheLongest) {
  const std::vector<double> none{3.0 / 13, 5.0 / 13, 3.0 / 13, 2.0 / 13, 0};
  // After 1: (3 - 1) / 4 of item 2, and 1 * 2 / 4 is left for popularity.
  std::vector<double> one;
  for (const double p : none) one.push_back(p / 2);
  one[2] += 0.5;
  // After 0 1: (2 - 0.6) / 3 of item 2, (1 - 0.6) / 3 of item 3, and 0.6 * 2 / 3 is left.
  std::vector<double> two;
  for (const double p : one) two.push_back(p * 0.4);
  two[2] += 1.4 / 3;
  two[3] += 0.4 / 3;
  // After 2: all of one success is taken. After 1 2: 0.4 of item 1. After 0 1 2: as 2.
  std::vector<double> three;
  for (const double p : none) three.push_back(p * 0.6);
  three[1] += 0.4;

  struct Case {
    const char* what;
    std::vector<int32_t> history;
    std::vector<double> expected;
  };
  const std::vector<Case> cases{
      {"no history", {}, none},
      {"never met", {0, 1, 4}, none},
      {"one item", {1}, one},
      {"a pair that was not met", {2, 1}, one},
      {"two items", {0, 1}, two},
      {"three that were not met, two that were", {3, 0, 1}, two},
      {"three items", {0, 1, 2}, three},
      {"older ones do not matter", {3, 3, 0, 1, 2}, three},
  };
  const Log log = markov_log();
  const auto scorer = make_markov_scorer(log.histories, log.splits, 5);
  for (const Case& c : cases) {
    const auto row = scores_of(*scorer, asked_by(0, c.history));
    ASSERT_EQ(row.size(), c.expected.size());
    for (size_t i = 0; i < row.size(); ++i) {
      EXPECT_NEAR(row[i], c.expected[i], 1e-7) << c.what << ", item " << i;
    }
  }
}

TEST(Markov, ContextsThatOccurOnceOnlyLeaveSomethingToPopularity) {
  Log log;  // nothing follows once, so that the discount is a half
  log.add({0, 1}, 2, 0);
  log.add({0, 1}, 2, 0);
  log.add({2, 2, 2}, 3, 0);
  const auto row = scores_of(*make_markov_scorer(log.histories, log.splits, 3), asked_by(0, {0}));
  EXPECT_GT(row[1], row[2]);
  EXPECT_GT(row[2], row[0]);  // counts 3 and 2
  EXPECT_GT(row[0], 0);
}

/// Enough users and items that blocks and threads matter.
Log random_log() {
  RandomStream random(random_key(3, Purpose::initialise));
  Log log;
  for (int user = 0; user < 300; ++user) {
    std::vector<int32_t> items;
    for (int i = 0; i < 12; ++i) {
      items.push_back(static_cast<int32_t>(std::abs(random.normal()) * 20) % 50);
    }
    log.add(items, 10, user % 37);
  }
  return log;
}

using Maker = std::unique_ptr<Scorer> (*)(const Log&);
const std::vector<std::pair<const char*, Maker>> kMakers{
    {"neighbours",
     [](const Log& log) {
       return make_neighbour_scorer(log.histories, log.times, log.splits, 50, {3, 40, 20, true});
     }},
    {"markov", [](const Log& log) { return make_markov_scorer(log.histories, log.splits, 50); }},
};

TEST(CountedScores, AreTheSameInAnyBlockAndOnAnyNumberOfThreads) {
  const Log log = random_log();
  const Queries queries = make_queries(log.histories, log.splits, {});
  for (const auto& [name, make] : kMakers) {
    const auto scorer = make(log);
    const std::vector<float> all = scores_of(*scorer, queries);
    std::vector<float> alone(50);
    for (int64_t query = 0; query < 300; query += 7) {
      scorer->score(queries, query, query + 1, alone.data());
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + query * 50)) << name;
    }
    WorkerPool one(1), many(8);
    EXPECT_EQ(rank_targets(*scorer, queries, {}, one).values,
              rank_targets(*scorer, queries, {}, many).values)
        << name;
  }
}

TEST(CountedScores, DoNotKnowWhatIsHeldOut) {
  const Log log = random_log();
  Log other = log;
  for (int64_t user = 0; user < 300; ++user) {
    for (int64_t i = 10; i < 12; ++i) {
      const auto at = static_cast<size_t>(user * 12 + i);
      other.histories.values[at] = (other.histories.values[at] + 1) % 50;
      other.times.values[at] += 1000 * user;
    }
  }
  const Queries queries = make_queries(log.histories, log.splits, {});
  for (const auto& [name, make] : kMakers) {
    EXPECT_EQ(scores_of(*make(log), queries), scores_of(*make(other), queries)) << name;
  }
}

TEST(BaselineNames, AreReadInTheOrderOfTheList) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"all", "popularity bigram neighbours markov "},
      {"default", "popularity bigram "},
      {"none", ""},
      {"markov", "markov "},
      {"markov, popularity,markov", "popularity markov "},
  };
  for (const auto& [text, expected] : cases) {
    std::string names;
    for (const Baseline& baseline : parse_baselines(text))
      names += std::string(baseline.name) + " ";
    EXPECT_EQ(names, expected) << text;
  }
}

TEST(BaselineNames, UnknownOnesAreRefusedWithTheNearest) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"neighbors", "did you mean neighbours?"},
      {"popularity,markow", "did you mean markov?"},
      {"defualt", "did you mean default?"},
      {"transformer",
       "want all, default, none or a list of popularity, bigram, neighbours, markov"},
      {"popularity,all", "\"all\" stands alone"},
      {"none,markov", "\"none\" stands alone"},
      {"", "--baselines names none"},
      {",", "--baselines names none"},
  };
  for (const auto& [text, message] : cases) {
    try {
      parse_baselines(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace truenext
