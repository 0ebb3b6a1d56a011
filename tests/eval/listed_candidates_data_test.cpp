// SPDX-License-Identifier: Apache-2.0
// Trained checkpoints of the CCE paper's code, ranked among the 99 negatives a user that S3-Rec
// ships for LastFM: the figures that code gives (data/s3rec/checkpoints).
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "data/prepare.h"
#include "eval/drawn_candidates.h"
#include "eval/item_match.h"
#include "eval/listed_candidates.h"
#include "support/s3rec_checkpoint.h"
#include "support/temporary_folder.h"

namespace truenext {
namespace {

using test::kS3rec;
using test::S3recCheckpoint;

class LastFm : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kS3rec)) GTEST_SKIP() << kS3rec << " is not there";
    PrepareOptions options;
    options.source.path = (kS3rec / "LastFM.txt").string();
    options.source.format = "s3rec";
    options.out = folder_ / "data";
    options.order = EventOrder::file;
    prepare_dataset(options);
  }
  ListedCandidates read(const Dataset& dataset, const Queries& queries) const {
    return read_listed_candidates((kS3rec / "LastFM_sample.txt").string(), dataset, queries);
  }

  test::TemporaryFolder folder_;
};

TEST_F(LastFm, TheSampleFileFitsBothPartsOfTheDataset) {
  const Dataset dataset = Dataset::open(folder_ / "data");
  for (const SplitPart part : {SplitPart::valid, SplitPart::test}) {
    Protocol protocol;
    protocol.part = part;
    const Queries queries = make_queries(dataset, protocol);
    const ListedCandidates listed = read(dataset, queries);
    ASSERT_EQ(listed.negatives.size(), 1090);
    for (int64_t query = 0; query < 1090; ++query) EXPECT_EQ(listed.negatives.row_size(query), 99);
    EXPECT_EQ(listed.longest, 99);
    EXPECT_EQ(listed.name, "LastFM_sample.txt");
    for (const Finding* finding : {&listed.unknown_users, &listed.unknown_items, &listed.held_out,
                                   &listed.in_history, &listed.repeated}) {
      EXPECT_EQ(finding->count, 0) << finding->first;
    }
  }
}

struct Published {
  const char* checkpoint;
  double hit1, hit5, ndcg5, hit10, ndcg10, mrr;
};

class LastFmCheckpoint : public LastFm, public ::testing::WithParamInterface<Published> {};

TEST_P(LastFmCheckpoint, RankedAmongTheSampleGivesTheMeasuredFigures) {
  const Dataset dataset = Dataset::open(folder_ / "data");
  const S3recCheckpoint checkpoint(GetParam().checkpoint);
  const auto row_of = [](std::string_view raw) {
    return std::optional<int32_t>(std::stoi(std::string(raw)) - 1);
  };
  const auto scorer = make_matched_scorer(
      checkpoint.encoder(), match_items(dataset.items(), checkpoint.encoder().num_items(), row_of));
  Protocol protocol;
  const Queries queries = make_queries(dataset, protocol);
  ListedCandidates listed = read(dataset, queries);
  rank_among(listed, &protocol);
  WorkerPool pool(2);
  const auto ranked = rank_horizons(
      *scorer, {queries, protocol, {whole_range(queries)}, std::move(listed.negatives)}, pool);
  const EvalResult found = compute_metrics(parse_metrics("hr@1,hr@5,ndcg@5,hr@10,ndcg@10,mrr"),
                                           ranked[0].ranks, ranked[0].repeats);
  EXPECT_EQ(found.users, 1090);
  // Four digits are published; a near tie moves one user, 0.0009 of a hit.
  const double tolerance = 1e-3;
  EXPECT_NEAR(found.get("hr@1").mean, GetParam().hit1, tolerance);
  EXPECT_NEAR(found.get("hr@5").mean, GetParam().hit5, tolerance);
  EXPECT_NEAR(found.get("ndcg@5").mean, GetParam().ndcg5, tolerance);
  EXPECT_NEAR(found.get("hr@10").mean, GetParam().hit10, tolerance);
  EXPECT_NEAR(found.get("ndcg@10").mean, GetParam().ndcg10, tolerance);
  EXPECT_NEAR(found.get("mrr").mean, GetParam().mrr, tolerance);
}

INSTANTIATE_TEST_SUITE_P(Sampled, LastFmCheckpoint,
                         ::testing::Values(Published{"S3Rec-LastFM-150-BCE", 0.1560, 0.4523, 0.3058,
                                                     0.6110, 0.3570, 0.2959},
                                           Published{"SASRec-LastFM-0-CCE", 0.1183, 0.3018, 0.2111,
                                                     0.4450, 0.2574, 0.2208},
                                           Published{"GRU4Rec-LastFM-0-CE", 0.0541, 0.1459, 0.1002,
                                                     0.2119, 0.1214, 0.1179}),
                         [](const auto& each) {
                           const std::string name = each.param.checkpoint;
                           return name.substr(0, name.find('-'));
                         });

}  // namespace
}  // namespace truenext
