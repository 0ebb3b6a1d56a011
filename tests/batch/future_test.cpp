// SPDX-License-Identifier: Apache-2.0
#include "batch/future.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <sstream>

#include "base/error.h"
#include "base/log.h"
#include "batch/batch.h"
#include "support/small_data.h"

namespace truenext {
namespace {

FutureOptions options(int64_t items, Relevance relevance, Normalise normalise) {
  FutureOptions o;
  o.future_items = items;
  o.relevance = relevance;
  o.normalise = normalise;
  return o;
}

std::span<const float> weights(const RelevanceWeights& relevance) {
  return relevance.of(relevance.future_items());
}

void expect_weights(const FutureOptions& o, const std::vector<double>& expected) {
  const RelevanceWeights relevance(o);
  ASSERT_EQ(relevance.future_items(), std::ssize(expected));
  for (size_t j = 0; j < expected.size(); ++j) {
    EXPECT_NEAR(weights(relevance)[j], expected[j], 1e-6 * std::max(1.0, expected[j]))
        << word_of(o.relevance) << " " << j;
  }
}

// relevance-loss specification, A.2: as the published code has them.
TEST(RelevanceWeights, EqualThePublishedCodesWhereAsked) {
  expect_weights(options(3, Relevance::fixed, Normalise::original), {1, 1, 1});
  expect_weights(options(3, Relevance::linear, Normalise::original), {0.5, 0.333333, 0.166667});
  expect_weights(options(3, Relevance::power, Normalise::original), {1.5, 0.666667, 0.166667});
  expect_weights(options(3, Relevance::exponential, Normalise::original),
                 {3.347589, 1.231509, 0.453047});
  const RelevanceWeights ten(options(10, Relevance::exponential, Normalise::original));
  EXPECT_NEAR(weights(ten)[0], 400.481196, 1e-3);
  EXPECT_NEAR(weights(ten)[9], 0.049423, 1e-6);
  expect_weights(options(1, Relevance::exponential, Normalise::original), {2.718282});
}

// The published figure: every shape sums to one.
TEST(RelevanceWeights, SumToOneAsInTheFigure) {
  const auto ends = [](int64_t items, Relevance relevance) {
    const RelevanceWeights w(options(items, relevance, Normalise::sum1));
    return std::pair<double, double>(weights(w).front(), weights(w).back());
  };
  EXPECT_NEAR(ends(5, Relevance::linear).first, 0.333333, 1e-6);
  EXPECT_NEAR(ends(5, Relevance::linear).second, 0.066667, 1e-6);
  EXPECT_NEAR(ends(5, Relevance::power).first, 0.454545, 1e-6);
  EXPECT_NEAR(ends(5, Relevance::power).second, 0.018182, 1e-6);
  EXPECT_NEAR(ends(5, Relevance::exponential).first, 0.636409, 1e-6);
  EXPECT_NEAR(ends(5, Relevance::exponential).second, 0.011656, 1e-6);
  EXPECT_NEAR(ends(10, Relevance::power).first, 0.259740, 1e-6);
  EXPECT_NEAR(ends(10, Relevance::power).second, 0.002597, 1e-6);
  EXPECT_NEAR(ends(10, Relevance::exponential).first, 0.632149, 1e-6);
  EXPECT_NEAR(ends(10, Relevance::exponential).second, 0.000078, 1e-6);
}

TEST(RelevanceWeights, OfMeanOneKeepTheBalanceWithTheNegatives) {
  for (const Relevance relevance :
       {Relevance::fixed, Relevance::linear, Relevance::power, Relevance::exponential}) {
    for (const int64_t items : {1, 2, 10, 1000}) {
      const RelevanceWeights w(options(items, relevance, Normalise::mean1));
      const double sum = std::accumulate(weights(w).begin(), weights(w).end(), 0.0);
      EXPECT_NEAR(sum / static_cast<double>(items), 1, 1e-5) << word_of(relevance);
      EXPECT_TRUE(std::is_sorted(weights(w).rbegin(), weights(w).rend()));
    }
    const RelevanceWeights one(options(1, relevance, Normalise::mean1));
    EXPECT_EQ(weights(one)[0], 1.0f)
        << word_of(relevance);  // to the bit, so P = 1 is the plain next item
  }
}

TEST(RelevanceWeights, NearTheEndAreKeptOrRenormalised) {
  FutureOptions o = options(3, Relevance::linear, Normalise::mean1);
  const RelevanceWeights kept(o);
  EXPECT_FLOAT_EQ(kept.of(1)[0], 1.5f);
  EXPECT_FLOAT_EQ(kept.of(2)[1], 1.0f);
  o.edge = EdgeWeights::renormalise;
  const RelevanceWeights scaled(o);
  EXPECT_FLOAT_EQ(scaled.of(1)[0], 1.0f);
  EXPECT_FLOAT_EQ(scaled.of(2)[0], 1.2f);
  EXPECT_FLOAT_EQ(scaled.of(2)[1], 0.8f);
  EXPECT_FLOAT_EQ(scaled.of(3)[0], 1.5f);
  o.normalise = Normalise::sum1;
  const RelevanceWeights sum1(o);
  EXPECT_FLOAT_EQ(sum1.of(2)[0], 0.6f);
  EXPECT_FLOAT_EQ(sum1.of(1)[0], 1.0f);
}

TEST(RelevanceWeights, RefuseWhatMakesNoSense) {
  EXPECT_THROW(RelevanceWeights(options(0, Relevance::linear, Normalise::mean1)), Error);
  EXPECT_THROW(RelevanceWeights(options(89, Relevance::exponential, Normalise::original)), Error);
  EXPECT_NO_THROW(RelevanceWeights(options(89, Relevance::exponential, Normalise::mean1)));
  FutureOptions o = options(3, Relevance::linear, Normalise::original);
  o.edge = EdgeWeights::renormalise;
  EXPECT_THROW(RelevanceWeights{o}, Error);
}

/// Lines "user: item item ..." as a leave-last 1/1 dataset.
Dataset dataset_of(const std::string& lines, const test::TemporaryFolder& folder) {
  static int number = 0;
  std::istringstream text(lines);
  std::string pairs, line, item;
  while (std::getline(text, line)) {
    const size_t colon = line.find(':');
    std::istringstream items(line.substr(colon + 1));
    while (items >> item) pairs += line.substr(0, colon) + " " + item + "\n";
  }
  set_quiet(true);
  return Dataset::open(test::prepare_pairs(folder, pairs, "data" + std::to_string(++number)));
}

/// The example of the specification, 2.1: training items 11..16.
class FutureTargets : public testing::Test {
 protected:
  Batch batch(const std::string& items, const BatchOptions& options) {
    const Dataset dataset = dataset_of(items, folder_);
    Batcher batcher(dataset, options);
    return batcher.make(0);
  }
  static BatchOptions three(int64_t max_length) {
    BatchOptions o;
    o.max_length = max_length;
    o.future.future_items = 3;
    return o;
  }
  test::TemporaryFolder folder_;
};

TEST_F(FutureTargets, AreTheNextItemsInsideTheTrainingPart) {
  // Leave-last 1/1 holds out 17 and 18, items are numbered by first appearance: 11 is 0.
  const Batch whole = batch("a: 11 12 13 14 15 16 17 18", three(8));
  const Targets& targets = whole.tiles[0].targets;
  ASSERT_EQ(targets.size(), 5);
  const auto row = [](const Targets& t, int64_t q) {
    return std::vector<int32_t>(t.positives(q).begin(), t.positives(q).end());
  };
  EXPECT_EQ(row(targets, 0), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(row(targets, 2), (std::vector<int32_t>{3, 4, 5}));
  EXPECT_EQ(row(targets, 3), (std::vector<int32_t>{4, 5}));
  EXPECT_EQ(row(targets, 4), (std::vector<int32_t>{5}));
  EXPECT_EQ(whole.positions, 5);
  EXPECT_EQ(whole.cells, 5 * 3 - 3);  // c P - P (P - 1) / 2 with c >= P
  EXPECT_EQ(targets.most(), 3);

  const Batch newest = batch("a: 11 12 13 14 15 16 17 18", three(4));
  const Targets& last_rows = newest.tiles[0].targets;
  EXPECT_EQ(newest.tiles[0].sequences.values, (std::vector<int32_t>{1, 2, 3, 4}));
  for (int64_t q = 0; q < 4; ++q) EXPECT_EQ(row(last_rows, q), row(targets, q + 1));
}

TEST_F(FutureTargets, CountCellsOfShortSequences) {
  BatchOptions o = three(8);
  o.future.future_items = 10;
  EXPECT_EQ(batch("a: 1 2 3 4 5 6 7 8", o).cells, 5 * 6 / 2);  // c (c + 1) / 2 with c < P
}

TEST_F(FutureTargets, AddUpRepeatsOrKeepTheNearest) {
  BatchOptions o = three(8);
  o.future.relevance = Relevance::linear;
  o.future.normalise = Normalise::original;
  const std::string items = "a: 1 2 3 2 4 5";  // trained on 1 2 3 2
  const Targets summed = batch(items, o).tiles[0].targets;
  EXPECT_EQ(summed.positives(0).size(), 2u);  // 2, 3, 2
  EXPECT_FLOAT_EQ(summed.positive_weights(0)[0], 3 / 6.0f + 1 / 6.0f);
  EXPECT_EQ(summed.cells, 3 + 2 + 1);
  o.future.repeats = RepeatWeights::nearest;
  const Targets nearest = batch(items, o).tiles[0].targets;
  EXPECT_FLOAT_EQ(nearest.positive_weights(0)[0], 3 / 6.0f);
  EXPECT_EQ(nearest.cells, 2 + 2 + 1);
}

TEST_F(FutureTargets, LookPastTheEndOfARandomWindow) {
  BatchOptions o = three(2);
  o.window = TrainingWindow::random;
  const Dataset dataset = dataset_of("a: 0 1 2 3 4 5 6 7 8 9 10 11", folder_);
  Batcher batcher(dataset, o);
  bool moved = false;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    batcher.start_epoch(epoch);
    const Batch made = batcher.make(0);
    const Tile& tile = made.tiles[0];
    for (int64_t q = 0; q < tile.targets.size(); ++q) {
      const int32_t input = tile.sequences.values[tile.targets.rows[q]];
      const auto positives = tile.targets.positives(q);
      EXPECT_EQ(std::ssize(positives), std::min(3, 9 - input));  // 9 is the last training item
      for (size_t j = 0; j < positives.size(); ++j) {
        EXPECT_EQ(positives[j], input + 1 + static_cast<int32_t>(j));
      }
    }
    moved |= tile.sequences.values.back() < 8;
  }
  EXPECT_TRUE(moved);
}

TEST_F(FutureTargets, BringSeenItemsAndTheBatchesTargetsWhereAsked) {
  BatchOptions o = three(2);
  o.with_seen = o.with_pool = true;
  const Batch made = batch("a: 4 4 1 2 9 8\nb: 1 2 3 5 6", o);
  std::vector<int32_t> all;
  int64_t rows = 0;
  for (const Tile& tile : made.tiles) {
    all.insert(all.end(), tile.targets.items.begin(), tile.targets.items.end());
    rows += tile.seen.size();
    for (int64_t s = 0; s < tile.seen.size(); ++s) {
      const bool first_user = tile.streams[s] == 0;
      const auto seen = tile.seen.row(s);
      EXPECT_EQ(std::vector<int32_t>(seen.begin(), seen.end()),
                first_user ? (std::vector<int32_t>{0, 1, 2}) : (std::vector<int32_t>{1, 2, 5}));
    }
  }
  EXPECT_EQ(rows, 2);
  for (const Tile& tile : made.tiles) EXPECT_EQ(*tile.pool, all);
}

TEST_F(FutureTargets, RefuseUsersWhoHaveSeenEverything) {
  BatchOptions o;
  o.with_seen = true;
  EXPECT_THROW(batch("a: 1 2 3 1 2\nb: 3 2 1 2 1", o), Error);
}

TEST_F(FutureTargets, UsersDrawnWithReplacementComeInWholeBatches) {
  std::string text;
  for (int user = 0; user < 10; ++user) text += fmt::format("u{}: 1 2 3 4 {}\n", user, 5 + user);
  const Dataset dataset = dataset_of(text, folder_);
  BatchOptions o;
  o.batch_size = 4;
  o.users = UserOrder::with_replacement;
  Batcher batcher(dataset, o);
  EXPECT_EQ(batcher.batches_per_epoch(), 2);
  bool repeated = false;
  for (int64_t epoch = 0; epoch < 5; ++epoch) {
    batcher.start_epoch(epoch);
    for (int64_t b = 0; b < 2; ++b) {
      std::vector<uint64_t> streams, users;
      for (const Tile& tile : batcher.make(b).tiles) {
        streams.insert(streams.end(), tile.streams.begin(), tile.streams.end());
      }
      EXPECT_EQ(streams.size(), 4u);
      for (const uint64_t stream : streams) users.push_back(stream & 0xffffffff);
      std::sort(streams.begin(), streams.end());
      std::sort(users.begin(), users.end());
      EXPECT_EQ(std::adjacent_find(streams.begin(), streams.end()), streams.end());
      repeated |= std::adjacent_find(users.begin(), users.end()) != users.end();
    }
  }
  EXPECT_TRUE(repeated);
  o.batch_size = 11;
  EXPECT_THROW(Batcher(dataset, o), Error);
}

}  // namespace
}  // namespace truenext
