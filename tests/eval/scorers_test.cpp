// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "base/error.h"
#include "eval/evaluator.h"
#include "eval/item_match.h"
#include "eval/sum_encoder.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> scores_of(const Scorer& scorer, const Queries& queries) {
  std::vector<float> scores(queries.users.size() * static_cast<size_t>(scorer.num_items()));
  scorer.score(queries, 0, static_cast<int64_t>(queries.users.size()), scores.data());
  return scores;
}

TEST(Popularity, CountsTrainingPartsOnly) {
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{0, 1, 2, 3});
  histories.add_row(std::vector<int32_t>{1, 1, 3});
  const std::vector<SplitPoint> splits{{2, 2, 3, 3, 4}, {3, 3, 3, 3, 3}};
  EXPECT_EQ(count_items(histories, splits, 4, &SplitPoint::train_end),
            (std::vector<int64_t>{1, 3, 0, 1}));
  EXPECT_EQ(count_items(histories, splits, 4, &SplitPoint::test_begin),
            (std::vector<int64_t>{1, 3, 1, 1}));
}

TEST(Popularity, HugeCountsKeepTheirOrder) {
  EXPECT_EQ(count_scores({4, 0, 9}), (std::vector<float>{4, 0, 9}));
  const int64_t huge = int64_t{1} << 30;
  EXPECT_EQ(count_scores({huge + 1, huge, 5, huge + 1}), (std::vector<float>{2, 1, 0, 2}));
}

TEST(Bigram, CountsOfTheLastItemDecideThenPopularity) {
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{0, 1, 0, 2, 0, 1});
  histories.add_row(std::vector<int32_t>{3, 3, 3, 0, 4, 2});  // 4 and 2 are held out
  const std::vector<SplitPoint> splits{{6, 6, 6, 6, 6}, {4, 4, 5, 5, 6}};
  const auto scorer = make_bigram_scorer(histories, splits, 6);
  // Counts 4 2 1 3 0 0. After 0: 1 twice, 2 once; the rest by popularity: 0 > 3 > 4 = 5.
  const auto row = scores_of(*scorer, literal_queries({{5, 0}}, {{4}}));
  EXPECT_GT(row[1], row[2]);
  EXPECT_GT(row[2], row[0]);
  EXPECT_GT(row[0], row[3]);
  EXPECT_GT(row[3], row[4]);
  EXPECT_EQ(row[4], row[5]);
  // After 3: itself (twice), 0 (once).
  const auto after_three = scores_of(*scorer, literal_queries({{3}}, {{4}}));
  EXPECT_GT(after_three[3], after_three[0]);
  EXPECT_GT(after_three[0], after_three[1]);
}

TEST(Bigram, EqualCountsAreOrderedByPopularityAndTieWhenThatIsEqualToo) {
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{0, 1});
  histories.add_row(std::vector<int32_t>{0, 2});
  histories.add_row(std::vector<int32_t>{0, 3, 3});
  const std::vector<SplitPoint> splits{{2, 0, 0, 0, 0}, {2, 0, 0, 0, 0}, {3, 0, 0, 0, 0}};
  const auto row =
      scores_of(*make_bigram_scorer(histories, splits, 4), literal_queries({{0}}, {{1}}));
  EXPECT_GT(row[3], row[1]);
  EXPECT_EQ(row[1], row[2]);
  EXPECT_GT(row[2], row[0]);
}

TEST(EncoderScores, AreDotProductsOfStatesAndTable) {
  const SumEncoder encoder({1, 0, 0, 1, 2, 3}, 2);
  const auto scorer = make_encoder_scorer(encoder);
  EXPECT_EQ(scores_of(*scorer, literal_queries({{0, 1}, {2}}, {{2}, {0}})),
            (std::vector<float>{1, 1, 5, 2, 3, 13}));
}

TEST(EncoderScores, AModelThatIsNotFiniteIsRefused) {
  const SumEncoder broken({1, 0, std::nanf(""), 1}, 2);
  EXPECT_THROW(make_encoder_scorer(broken), Error);
  const SumEncoder overflowing({3e38f, 0, 3e38f, 0}, 2);
  const auto scorer = make_encoder_scorer(overflowing);
  EXPECT_THROW(scores_of(*scorer, literal_queries({{0, 1}}, {{0}})), Error);
}

/// An id map over a list.
class ListedIds : public IdMap {
 public:
  explicit ListedIds(std::vector<std::string> ids) : ids_(std::move(ids)) {}
  int64_t size() const override { return static_cast<int64_t>(ids_.size()); }
  std::string_view raw(int64_t id) const override { return ids_[static_cast<size_t>(id)]; }
  std::optional<int32_t> find(std::string_view raw) const override {
    for (size_t i = 0; i < ids_.size(); ++i) {
      if (ids_[i] == raw) return static_cast<int32_t>(i);
    }
    return std::nullopt;
  }

 private:
  std::vector<std::string> ids_;
};

TEST(ItemsByRawId, AreFoundUnderTheModelsNumbers) {
  const ListedIds data({"c", "new", "a"});
  const ListedIds model({"a", "b", "c"});
  const ItemMatch match =
      match_items(data, model.size(), [&](std::string_view raw) { return model.find(raw); });
  EXPECT_EQ(match.to_model, (std::vector<int32_t>{2, -1, 0}));
  EXPECT_FALSE(match.identical);
  EXPECT_EQ(match.unknown_to_model, 1);
  EXPECT_EQ(match.unknown_to_data, 1);
  EXPECT_TRUE(match_items(data, 3, [&](std::string_view raw) { return data.find(raw); }).identical);
}

TEST(ItemsByRawId, UnknownItemsAreSkippedInHistoriesAndNeverRecommended) {
  const SumEncoder encoder({1, 10, 100}, 1);
  ItemMatch match;
  match.to_model = {2, -1, 0};
  match.identical = false;
  match.unknown_to_model = 1;
  const auto scorer = make_matched_scorer(encoder, match);
  const Queries queries = literal_queries({{1, 2}, {1}, {0}}, {{0}, {0}, {2}});
  EXPECT_EQ(scores_of(*scorer, queries),
            (std::vector<float>{100, -kInfinity, 1, -kInfinity, -kInfinity, -kInfinity, 10000,
                                -kInfinity, 100}));
  WorkerPool pool(1);
  EXPECT_EQ(rank_targets(*scorer, queries, {}, pool).values,
            (std::vector<int64_t>{0, kNeverRanked, 0}));
}

/// Scores by the time between the newest event and the request, and by how many events it was told.
class GapScorer final : public Scorer {
 public:
  int64_t num_items() const override { return 2; }
  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    for (int64_t query = begin; query < end; ++query) {
      const HistoryTimes told = queries.times(query, query + 1);
      const auto events = JaggedView<int64_t>{told.events, queries.histories.offsets}.row(query);
      *scores++ = static_cast<float>(told.requests[0] - events.back());
      *scores++ = static_cast<float>(events.size());
    }
  }
};

// Times are those of the items that are left.
TEST(ItemsByRawId, TimesOfUnknownItemsAreSkippedToo) {
  ItemMatch match;
  match.to_model = {1, -1, 0};
  match.identical = false;
  const auto scorer = make_matched_scorer(std::make_unique<GapScorer>(), match);
  Queries queries = literal_queries({{1, 2, 1}, {1}, {0, 2}}, {{0}, {0}, {2}});
  queries.event_times = {10, 20, 30, 40, 50, 60};
  queries.request_times = {100, 200, 300};
  EXPECT_EQ(scores_of(*scorer, queries),
            (std::vector<float>{1, -kInfinity, 80, -kInfinity, -kInfinity, -kInfinity, 2,
                                -kInfinity, 240}));
}

}  // namespace
}  // namespace truenext
