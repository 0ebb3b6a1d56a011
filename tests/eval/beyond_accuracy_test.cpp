// SPDX-License-Identifier: Apache-2.0
#include "eval/beyond_accuracy.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace truenext {
namespace {

Jagged<ScoredItem> lists(const std::vector<std::vector<int32_t>>& rows) {
  Jagged<ScoredItem> lists;
  for (const auto& row : rows) {
    std::vector<ScoredItem> entries;
    for (const int32_t item : row) entries.push_back({item, 0});
    lists.add_row(entries);
  }
  return lists;
}

std::map<std::string, MetricResult> measured(const Jagged<ScoredItem>& lists, int64_t k,
                                             const CatalogueFacts& facts) {
  std::map<std::string, MetricResult> results;
  for (MetricResult& entry : beyond_accuracy(lists, k, facts)) {
    results[entry.metric.label()] = entry;
  }
  return results;
}

// Four items met 8, 4, 4 and 0 times in training; two lists of two.
TEST(BeyondAccuracy, EqualsTheValuesWorkedOutByHand) {
  const auto results = measured(lists({{0, 1}, {0, 3}}), 2, {{8, 4, 4, 0}});
  EXPECT_DOUBLE_EQ(results.at("coverage@2").mean, 0.75);
  // Counts 0 1 1 2 in ascending order: (-3 * 0 - 1 * 1 + 1 * 1 + 3 * 2) / (3 * 4).
  EXPECT_DOUBLE_EQ(results.at("gini@2").mean, 0.5);
  EXPECT_DOUBLE_EQ(results.at("popularity@2").mean, (6.0 + 4.0) / 2);
  // Information of 8/16, 4/16 and, met never, 1/16: 1, 2 and 4 bits.
  EXPECT_DOUBLE_EQ(results.at("novelty@2").mean, (1.5 + 2.5) / 2);
  EXPECT_EQ(results.at("novelty@2").per_user, (std::vector<double>{1.5, 2.5}));
  EXPECT_FALSE(results.at("coverage@2").of_users);
  EXPECT_TRUE(results.at("novelty@2").of_users);
  EXPECT_EQ(results.count("diversity@2"), 0u);
}

TEST(BeyondAccuracy, OnlyTheBestItemsCount) {
  const auto results = measured(lists({{0, 1}, {0, 3}}), 1, {{8, 4, 4, 0}});
  EXPECT_DOUBLE_EQ(results.at("coverage@1").mean, 0.25);
  EXPECT_DOUBLE_EQ(results.at("gini@1").mean, 1);  // everybody gets item 0
  EXPECT_DOUBLE_EQ(results.at("popularity@1").mean, 8);
}

TEST(BeyondAccuracy, EqualSharesHaveNoGini) {
  EXPECT_DOUBLE_EQ(measured(lists({{0, 1}, {2, 3}}), 2, {{1, 1, 1, 1}}).at("gini@2").mean, 0);
}

TEST(BeyondAccuracy, DiversityIsOneLessTheMeanCosineOfThePairs) {
  // Rows 0 and 1 at a right angle, row 2 opposite to row 0, row 3 without a length.
  const std::vector<float> table{2, 0, 0, 3, -1, 0, 0, 0};
  CatalogueFacts facts{{1, 1, 1, 1}, table, 2};
  auto results = measured(lists({{0, 1, 2}, {0, 3}, {1}}), 3, facts);
  // Pairs 0, -1, 0 in the first list; the others have no pair that can be compared.
  EXPECT_EQ(results.at("diversity@3").per_user, (std::vector<double>{1 + 1.0 / 3}));
  // Item 1 looked up in row 0 and item 0 nowhere.
  const std::vector<int32_t> rows{-1, 0, 2, 3};
  facts.vector_of = rows;
  results = measured(lists({{0, 1, 2}}), 3, facts);
  EXPECT_EQ(results.at("diversity@3").per_user, (std::vector<double>{2}));
}

TEST(BeyondAccuracy, AttributeDiversityIsOneLessTheSharedShare) {
  Jagged<int32_t> attributes;
  attributes.add_row(std::vector<int32_t>{1, 2});
  attributes.add_row(std::vector<int32_t>{2, 3, 4});
  attributes.add_row({});
  attributes.add_row({});
  CatalogueFacts facts{{1, 1, 1, 1}};
  facts.attributes = attributes;
  const auto results = measured(lists({{0, 1}, {2, 3}}), 2, facts);
  EXPECT_EQ(results.at("attribute_diversity@2").per_user, (std::vector<double>{0.75}));
}

TEST(BeyondAccuracy, EmptyListsAreLeftOutOfTheMeans) {
  const auto results = measured(lists({{}, {0}}), 2, {{8, 8}});
  EXPECT_EQ(results.at("popularity@2").per_user, (std::vector<double>{8}));
  EXPECT_EQ(measured(lists({}), 2, {{}}).at("coverage@2").mean, 0);
}

}  // namespace
}  // namespace truenext
