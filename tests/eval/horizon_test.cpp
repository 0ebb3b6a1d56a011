// SPDX-License-Identifier: Apache-2.0
#include "eval/horizon.h"

#include <gtest/gtest.h>

#include "eval/drawn_candidates.h"
#include "eval/small_dataset.h"

namespace truenext {
namespace {

class Horizons : public ::testing::Test {
 protected:
  Horizons() : dataset_(open()) {}

  /// ann holds out d e f, bob d d a; eve has too few events to hold out any.
  Dataset open() const {
    std::string log = "user,item,time\n";
    int time = 0;
    for (const char* line : {"ann,a", "ann,b", "ann,c", "ann,d", "ann,e", "ann,f", "bob,b", "bob,c",
                             "bob,d", "bob,d", "bob,a", "eve,a", "eve,b"}) {
      log += std::string(line) + "," + std::to_string(++time) + "\n";
    }
    PrepareOptions options;
    options.source.path = folder_.write("log.csv", log);
    options.source.format = "csv";
    options.out = folder_ / "data";
    options.split.valid = 1;
    options.split.test = 3;
    prepare_dataset(options);
    return Dataset::open(options.out);
  }

  test::TemporaryFolder folder_;
  Dataset dataset_;
};

TEST_F(Horizons, TheNearestItemsAreAPrefixWithoutRepeats) {
  const Queries queries = make_queries(dataset_, {});
  ASSERT_EQ(queries.users.size(), 2u);
  EXPECT_EQ(whole_range(queries).targets, (std::vector<int64_t>{3, 2}));
  const auto targets = [&](int64_t m) {
    return nearest_items(dataset_, queries, SplitPart::test, m).targets;
  };
  EXPECT_EQ(targets(1), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(targets(2), (std::vector<int64_t>{2, 1}));  // bob's second is his first again
  EXPECT_EQ(targets(3), (std::vector<int64_t>{3, 2}));
  const Horizon two = nearest_items(dataset_, queries, SplitPart::test, 2);
  EXPECT_EQ(two.total_targets, 3);
  EXPECT_EQ(two.duplicate_targets, 1);
  EXPECT_EQ(nearest_items(dataset_, queries, SplitPart::test, 1).duplicate_targets, 0);
  EXPECT_EQ(whole_range(queries).repeat_targets, queries.repeat_targets);
  EXPECT_EQ(nearest_items(dataset_, queries, SplitPart::test, 3).short_users, 0);
}

TEST_F(Horizons, MoreThanIsHeldOutIsRefusedWithTheRemedy) {
  const Queries queries = make_queries(dataset_, {});
  const test::Caught caught =
      test::caught([&] { nearest_items(dataset_, queries, SplitPart::test, 4); });
  EXPECT_EQ(caught.code, ExitCode::usage);
  EXPECT_TRUE(caught.says("at most 3")) << caught.message;
  EXPECT_TRUE(caught.says("--test 4")) << caught.message;
  EXPECT_TRUE(caught.says("leave-last, 1 validation, 3 test")) << caught.message;
}

TEST_F(Horizons, ValidationHasItsOwnLength) {
  Protocol protocol;
  protocol.part = SplitPart::valid;
  const Queries queries = make_queries(dataset_, protocol);
  EXPECT_EQ(nearest_items(dataset_, queries, SplitPart::valid, 1).total_targets, 2);
  EXPECT_EQ(test::caught([&] { nearest_items(dataset_, queries, SplitPart::valid, 2); }).code,
            ExitCode::usage);
}

// Under full ranking every horizon is cut from one list in which later held-out items stay
// candidates.
TEST_F(Horizons, FullRanksDoNotChangeWithTheHorizon) {
  const Protocol protocol;
  const Queries queries = make_queries(dataset_, protocol);
  std::vector<float> scores(static_cast<size_t>(dataset_.num_items()));
  for (size_t item = 0; item < scores.size(); ++item) {
    scores[item] = static_cast<float>((item * 5) % scores.size());
  }
  const auto scorer = make_item_scorer(scores);
  WorkerPool pool(1);
  const RankingTask task{
      queries,
      protocol,
      {whole_range(queries), nearest_items(dataset_, queries, SplitPart::test, 1),
       nearest_items(dataset_, queries, SplitPart::test, 2)},
      {}};
  const auto ranked = rank_horizons(*scorer, task, pool);
  const Jagged<int64_t> all = rank_targets(*scorer, queries, protocol, pool);
  EXPECT_EQ(ranked[0].ranks.values, all.values);
  ASSERT_EQ(ranked[1].ranks.offsets, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(ranked[1].ranks.row(0)[0], all.row(0)[0]);
  EXPECT_EQ(ranked[1].ranks.row(1)[0], all.row(1)[0]);
  ASSERT_EQ(ranked[2].ranks.offsets, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(ranked[2].ranks.row(0)[1], all.row(0)[1]);
}

}  // namespace
}  // namespace truenext
