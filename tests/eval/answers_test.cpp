// SPDX-License-Identifier: Apache-2.0
// Lists under a filter are the full ranking without the others, bit for bit.
#include "eval/answers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/random.h"
#include "eval/sum_encoder.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 8;
constexpr int64_t kItems = 10'000;  // several ranges of the catalogue

float normal(RandomStream& random) {
  return static_cast<float>(random.normal());
}

std::vector<float> random_table(bool ties) {
  RandomStream random(random_key(3, Purpose::initialise));
  std::vector<float> table(static_cast<size_t>(kItems * kDim));
  for (float& value : table) {
    value = ties ? static_cast<float>(random.below(3)) - 1.0f : normal(random);
  }
  return table;
}

Jagged<int32_t> random_histories(int64_t count) {
  RandomStream random(random_key(4, Purpose::initialise));
  Jagged<int32_t> histories;
  for (int64_t row = 0; row < count; ++row) {
    std::vector<int32_t> history(1 + random.below(20));
    for (int32_t& item : history) item = static_cast<int32_t>(random.below(kItems));
    histories.add_row(history);
  }
  return histories;
}

/// About `share` of the catalogue; 0 = one item.
ItemSet random_set(double share, uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::initialise));
  ItemSet set(kItems);
  for (int64_t item = 0; item < kItems; ++item) {
    if (random.below(1'000'000) < share * 1e6) set.insert(item);
  }
  if (set.size() == 0) set.insert(kItems / 2);
  return set;
}

std::vector<ScoredItem> filtered(std::span<const ScoredItem> list, const ItemSet& set, int64_t k) {
  std::vector<ScoredItem> kept;
  for (const ScoredItem& entry : list) {
    if (std::ssize(kept) < k && set.contains(entry.item)) kept.push_back(entry);
  }
  return kept;
}

void expect_filtered_lists(const Scorer& scorer, int64_t queries, int threads) {
  WorkerPool pool(threads);
  const Jagged<int32_t> histories = random_histories(queries);
  AnswerOptions options;
  options.k = kItems;
  const Answers full = answer(scorer, histories, options, pool);
  options.k = 10;
  uint64_t seed = 0;
  for (const double share : {0.0, 0.0005, 0.01, 0.5, 0.99, 1.0}) {
    const ItemSet set = random_set(share, ++seed);
    options.eligible = &set;
    const Answers some = answer(scorer, histories, options, pool);
    for (int64_t row = 0; row < queries; ++row) {
      const auto list = some.lists.row(row);
      EXPECT_EQ(std::vector<ScoredItem>(list.begin(), list.end()),
                filtered(full.lists.row(row), set, options.k))
          << "share " << share << ", history " << row;
    }
  }
}

TEST(Answers, AFilterTakesItemsOutOfTheFullRankingAndChangesNothingElse) {
  for (const bool ties : {false, true}) {
    const SumEncoder encoder(random_table(ties), kDim);
    for (const int64_t queries : {1, 40}) {
      for (const int threads : {1, 3}) {
        SCOPED_TRACE(testing::Message() << ties << " " << queries << " " << threads);
        expect_filtered_lists(*make_encoder_scorer(encoder), queries, threads);
        WorkerPool pool(threads);
        expect_filtered_lists(*make_query_scorer(encoder, pool, 0), queries, threads);
      }
    }
  }
}

TEST(Answers, NothingEligibleGivesEmptyLists) {
  const SumEncoder encoder(random_table(false), kDim);
  WorkerPool pool(1);
  const ItemSet none(kItems);
  AnswerOptions options;
  options.eligible = &none;
  const Answers answers = answer(*make_encoder_scorer(encoder), random_histories(3), options, pool);
  EXPECT_EQ(answers.lists.size(), 3);
  EXPECT_TRUE(answers.lists.values.empty());
}

TEST(Answers, CallersAtTheSameTimeGetTheAnswersOfOne) {
  const SumEncoder encoder(random_table(false), kDim);
  WorkerPool alone(1);
  const auto scorer = make_query_scorer(encoder, alone, 0);
  const Jagged<int32_t> histories = random_histories(20);
  const ItemSet set = random_set(0.3, 9);
  AnswerOptions options;
  options.eligible = &set;
  const Answers expected = answer(*scorer, histories, options, alone);
  std::vector<Answers> found(4);
  std::vector<std::thread> callers;
  for (Answers& answers : found) {
    callers.emplace_back([&] {
      WorkerPool pool(1);
      answers = answer(*scorer, histories, options, pool);
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const Answers& answers : found) EXPECT_EQ(answers.lists.values, expected.lists.values);
}

TEST(Answers, CosinesAreThoseOfTheItemTable) {
  std::vector<float> table = random_table(false);
  std::fill_n(table.begin() + 5 * kDim, kDim, 0.0f);  // an item of length 0
  const SumEncoder encoder(table, kDim);
  const auto cosine = [&](int64_t a, int64_t b) {
    double product = 0, first = 0, second = 0;
    for (int64_t c = 0; c < kDim; ++c) {
      const double x = table[static_cast<size_t>(a * kDim + c)];
      const double y = table[static_cast<size_t>(b * kDim + c)];
      product += x * y, first += x * x, second += y * y;
    }
    return first * second > 0 ? product / std::sqrt(first * second) : 0.0;
  };
  WorkerPool pool(2);
  Jagged<int32_t> histories;
  for (const int32_t item : {0, 5, 17, static_cast<int32_t>(kItems - 1)}) {
    histories.add_row(std::vector<int32_t>{item});
  }
  AnswerOptions options;
  options.k = 50;
  const Answers answers = answer(*make_cosine_scorer(encoder), histories, options, pool);
  for (int64_t row = 0; row < histories.size(); ++row) {
    const int32_t item = histories.row(row).front();
    const auto list = answers.lists.row(row);
    ASSERT_EQ(list.size(), 50u);
    double worst = 1;
    for (const ScoredItem& entry : list) {
      EXPECT_NE(entry.item, item) << "no item is similar to itself";
      EXPECT_NEAR(static_cast<double>(entry.score), cosine(item, entry.item), 1e-5);
      worst = static_cast<double>(entry.score);
    }
    int64_t better = 0;
    for (int64_t other = 0; other < kItems; ++other) {
      better += other != item && cosine(item, other) > worst + 1e-5;
    }
    EXPECT_LE(better, 50);
  }
}

}  // namespace
}  // namespace truenext
