// SPDX-License-Identifier: Apache-2.0
#include "eval/truth_scorer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "eval/small_dataset.h"

namespace truenext {
namespace {

SimulateOptions world() {
  SimulateOptions options;
  options.users = 600;
  options.items = 120;
  options.interests = 4;
  options.events = 20;
  return options;
}

double ndcg(const Scorer& scorer, const Queries& queries, const Protocol& protocol) {
  WorkerPool pool(2);
  return compute_metrics(parse_metrics("ndcg@10"), rank_targets(scorer, queries, protocol, pool))
      .get("ndcg@10")
      .mean;
}

TEST(BestAchievable, IsAboveTheCountingBaselines) {
  const test::TemporaryFolder folder;
  simulate(world(), folder / "log.csv");
  const Dataset dataset = prepare_csv(folder / "log.csv", folder / "data");
  const SimulatedTruth truth = SimulatedTruth::open(folder / "log.truth");
  const Queries queries = make_queries(dataset, {});
  const double best = ndcg(*make_truth_scorer(truth, dataset), queries, {});
  const double bigram = ndcg(*make_bigram_scorer(dataset), queries, {});
  const double popularity = ndcg(*make_popularity_scorer(dataset), queries, {});
  EXPECT_GT(best, bigram + 0.05);
  EXPECT_GT(bigram, popularity + 0.1);
}

TEST(BestAchievable, ScoresAreTheTrueProbabilitiesUnderTheDatasetsNumbers) {
  const test::TemporaryFolder folder;
  simulate(world(), folder / "log.csv");
  const Dataset dataset = prepare_csv(folder / "log.csv", folder / "data");
  const SimulatedTruth truth = SimulatedTruth::open(folder / "log.truth");
  const Queries queries = make_queries(dataset, {});
  std::vector<float> scores(static_cast<size_t>(dataset.num_items()));
  make_truth_scorer(truth, dataset)->score(queries, 7, 8, scores.data());
  const int64_t user = std::stoll(std::string(dataset.users().raw(queries.users[7]))) - 1;
  for (int64_t item = 0; item < dataset.num_items(); ++item) {
    const int64_t number = std::stoll(std::string(dataset.items().raw(item))) - 1;
    EXPECT_FLOAT_EQ(scores[static_cast<size_t>(item)],
                    static_cast<float>(truth.probability(user, number)));
  }
}

TEST(BestAchievable, RefusesAnotherLogAndAnotherStep) {
  const test::TemporaryFolder folder;
  simulate(world(), folder / "log.csv");
  const Dataset dataset = prepare_csv(folder / "log.csv", folder / "data");
  SimulateOptions other = world();
  other.seed = 5;
  simulate(other, folder / "other.csv");
  EXPECT_THROW(make_truth_scorer(SimulatedTruth::open(folder / "other.truth"), dataset), Error);
  other.items = 60;
  simulate(other, folder / "small.csv");
  EXPECT_THROW(make_truth_scorer(SimulatedTruth::open(folder / "small.truth"), dataset), Error);

  const SimulatedTruth truth = SimulatedTruth::open(folder / "log.truth");
  Protocol protocol;
  protocol.part = SplitPart::valid;
  const auto scorer = make_truth_scorer(truth, dataset);
  EXPECT_THROW(ndcg(*scorer, make_queries(dataset, protocol), protocol), Error);
}

}  // namespace
}  // namespace truenext
