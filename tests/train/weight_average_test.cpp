// SPDX-License-Identifier: Apache-2.0
// Averaged weights: the recurrence, the same bits whatever is deferred, divided or resumed, and
// which of the two sets becomes the model.
#include "train/optimise/weight_average.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "inference/model_file.h"
#include "support/judged_model.h"
#include "support/small_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

TEST(AverageDecay, IsThatOfAStepOrOfEpochs) {
  TrainOptions options;
  options.average_epochs = 4;
  EXPECT_DOUBLE_EQ(average_decay(options, 50), 1 - 1 / 200.0);
  options.average_decay = 0.99;
  EXPECT_DOUBLE_EQ(average_decay(options, 50), 0.99);
  options.table_optimizer = TableOptimizer::lazy_adam;
  EXPECT_THROW(average_decay(options, 50), Error);
  options = {};
  options.average_epochs = 0.02;  // reaches back one step, which is no average
  EXPECT_THROW(average_decay(options, 50), Error);
}

TEST(AverageShare, FallsToWhatTheDecayLeaves) {
  EXPECT_DOUBLE_EQ(average_share(0.99, 0), 0.9);
  EXPECT_DOUBLE_EQ(average_share(0.99, 10), 1 - 11 / 20.0);
  EXPECT_NEAR(average_share(0.99, 100000), 0.01, 1e-12);
  for (int64_t t = 0; t < 5000; ++t)
    EXPECT_LE(average_share(0.998, t + 1), average_share(0.998, t));
}

TEST(AverageOfWeights, FollowsTheRecurrenceFromTheWeightsOfTheFirstStep) {
  ParameterSet parameters({{"w", {2, 3}, Start::matrix}});
  Adam adam(parameters, TrainOptions{});
  adam.keep_average(0.8);
  WorkerPool pool(1);
  parameters[0].value.values.assign(6, 0.5f);  // start values that come after keep_average()
  double average = 0.5;
  for (int t = 0; t < 40; ++t) {
    TileGradients<float> gradients(parameters);
    for (float& g : gradients.of(parameters[0])) g = t % 3 == 0 ? 1.0f : -0.4f;
    adam.step(gradients, 0.05, pool);
    const double kept = std::min(0.8, (1.0 + t) / (10.0 + t));
    average = kept * average + (1 - kept) * double{parameters[0].value.values[0]};
    EXPECT_NEAR(adam.average(0).values[0], average, 1e-6) << t;
  }
}

class AveragedTraining : public testing::Test {
 protected:
  using Change = std::function<void(TrainRequest&)>;
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.train.average = WeightAverage::ema;
    r.config.train.average_decay = 0.9;
    r.config.train.batch_size = 3;  // few enough that rows are left behind
    return r;
  }
  std::string train(const std::string& run, const Change& change = {}) const {
    TrainRequest r = request(run);
    if (change) change(r);
    Trainer(r).fit();
    return bytes(run);
  }
  std::string bytes(const std::string& run) const {
    return test::trained_bytes(folder_ / run) + read_file(folder_ / run / "model.safetensors");
  }
  std::vector<nlohmann::json> validations(const std::string& run) const {
    std::vector<nlohmann::json> lines;
    std::istringstream log(read_file(folder_ / run / "metrics.jsonl"));
    for (std::string line; std::getline(log, line);) {
      auto json = nlohmann::json::parse(line);
      if (json.contains("valid")) lines.push_back(std::move(json));
    }
    return lines;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::ring_dataset(folder_);
};

TEST_F(AveragedTraining, GivesTheSameBitsDeferredOnAnyThreadsAndAfterAResume) {
  const std::string dense = train("dense");
  EXPECT_NE(dense.find("average.item_embedding.weight"), std::string::npos);
  EXPECT_TRUE(dense == train("deferred", [](TrainRequest& r) { r.deferred_rows = 1; }));
  EXPECT_TRUE(dense == train("threads", [](TrainRequest& r) {
                r.deferred_rows = 1;
                r.threads = 3;
              }));
  train("cut", [](TrainRequest& r) { r.config.train.epochs = 1; });
  train("cut", [](TrainRequest& r) {
    r.resume = true;
    r.deferred_rows = 1;
  });
  EXPECT_TRUE(test::trained_bytes(folder_ / "dense") == test::trained_bytes(folder_ / "cut"));
  EXPECT_TRUE(test::tensor_bytes(folder_ / "dense" / "model.safetensors") ==
              test::tensor_bytes(folder_ / "cut" / "model.safetensors"));
}

TEST_F(AveragedTraining, GivesTheSameBitsOnSeveralRanksAndWithDividedTables) {
  const std::string alone = train("alone", [](TrainRequest& r) { r.deferred_rows = 1; });
  for (const bool divided : {false, true}) {
    for (const int ranks : {2, 3}) {
      const std::string run = std::to_string(ranks) + (divided ? "divided" : "whole");
      TrainRequest r = request(run);
      r.deferred_rows = 1;
      r.shard_tables = divided;
      test::with_ranks(ranks, [&](Ranks& mine) { Trainer(r, mine).fit(); });
      EXPECT_TRUE(bytes(run) == alone) << run;
    }
  }
}

// Unit vectors of the rows in use, and item vectors composed of several tables: what the average of
// a row needs is left behind with the row, or is not.
TEST_F(AveragedTraining, GivesTheSameBitsForCosinesAndForComposedTables) {
  const fs::path attributed = test::prepare_pairs(folder_, test::ring_log(60, 40, 12), "attributed",
                                                  test::ring_attributes(40));
  const struct {
    const char* name;
    Change change;
  } cases[] = {{"cosine",
                [](TrainRequest& r) {
                  r.config.model.similarity = Similarity::cosine;
                  r.config.model.temperature = 0.1;
                }},
               {"learned",
                [](TrainRequest& r) {
                  r.config.model.similarity = Similarity::cosine;
                  r.config.model.learned_temperature = true;
                }},
               {"attributes", [&](TrainRequest& r) {
                  r.config.data.path = attributed.string();
                  r.config.model.attributes = AttributeUse::add;
                  r.config.model.tie_embeddings = true;
                }}};
  for (const auto& c : cases) {
    const std::string name = c.name;
    const std::string dense = train(name, c.change);
    EXPECT_NE(dense.find("average."), std::string::npos);
    EXPECT_TRUE(dense == train(name + "-deferred",
                               [&](TrainRequest& r) {
                                 c.change(r);
                                 r.deferred_rows = 1;
                                 r.threads = 2;
                               }))
        << name;
    TrainRequest divided = request(name + "-ranks");
    c.change(divided);
    divided.deferred_rows = 1;
    test::with_ranks(2, [&](Ranks& mine) { Trainer(divided, mine).fit(); });
    EXPECT_TRUE(dense == bytes(name + "-ranks")) << name;
    train(name + "-cut", [&](TrainRequest& r) {
      c.change(r);
      r.config.train.epochs = 1;
    });
    train(name + "-cut", [&](TrainRequest& r) {
      c.change(r);
      r.resume = true;
    });
    EXPECT_TRUE(test::trained_bytes(folder_ / name) ==
                test::trained_bytes(folder_ / (name + "-cut")))
        << name;
  }
}

// The steps do not know that an average is kept beside them.
TEST_F(AveragedTraining, LeavesTheWeightsAsTheyAre) {
  train("plain", [](TrainRequest& r) { r.config.train.average = WeightAverage::none; });
  train("averaged");
  const SafetensorsFile plain(folder_ / "plain" / "checkpoint" / "last.safetensors");
  const SafetensorsFile averaged(folder_ / "averaged" / "checkpoint" / "last.safetensors");
  for (const auto& [name, tensor] : plain.tensors()) {
    const auto x = plain.floats(name, tensor.shape), y = averaged.floats(name, tensor.shape);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin())) << name;
    const bool moment = name.starts_with("adam.");
    EXPECT_EQ(averaged.tensors().contains("average." + name), !moment) << name;
  }
}

// A decay that never lets go of the start makes the average useless; small batches make the weights
// of a step worse than their average.
TEST_F(AveragedTraining, TheBetterSetBecomesTheModel) {
  const struct {
    const char* name;
    double decay;
    int64_t epochs;
    const char* better;
  } cases[] = {{"slow", 0.9999999, 6, "raw"}, {"noisy", 0.97, 25, "average"}};
  for (const auto& c : cases) {
    TrainRequest r = request(c.name);
    r.config.train.average_decay = c.decay;
    r.config.train.learning_rate = 0.01;
    r.config.train.epochs = c.epochs;
    r.config.model.dropout = 0;
    if (c.better == "raw"s) r.config.train.max_batches = 2;  // too few to forget the start
    const TrainResult result = Trainer(r).fit();
    const auto lines = validations(c.name);
    ASSERT_EQ(std::ssize(lines), c.epochs);
    for (const auto& line : lines) {
      const double raw = line["by_weights"]["raw"], average = line["by_weights"]["average"];
      EXPECT_EQ(line["valid"]["ndcg@10"], std::max(raw, average));
      EXPECT_EQ(line["weights"], average > raw ? "average" : "raw");
    }
    EXPECT_NEAR(test::valid_ndcg(r.run, data_), result.best_value, 1e-12) << c.name;
    const auto& best = lines[static_cast<size_t>(result.best_epoch - 1)];
    EXPECT_EQ(best["weights"], result.best_weights);
    const std::string said = ModelFile::open(r.run).description().validation;
    const std::string words = result.best_weights == "average" ? "averaged weights" : "raw weights";
    EXPECT_NE(said.find(words), std::string::npos) << said;
    EXPECT_EQ(result.best_weights, c.better) << c.name;
  }
}

TEST_F(AveragedTraining, WithoutValidationTheAverageIsTheModel) {
  TrainRequest r = request("unjudged");
  r.config.train.task = TrainTask::pretraining;
  r.config.model.block = "post-norm";
  r.config.model.tie_embeddings = true;
  r.config.pretrain.losses.aap = r.config.pretrain.losses.map = 0;
  r.config.train.epochs = 1;
  Trainer(r).fit();
  const ModelFile model = ModelFile::open(r.run);
  const SafetensorsFile checkpoint(r.run / "checkpoint" / "last.safetensors");
  for (const auto& [name, tensor] : model.weights()) {
    const auto average = checkpoint.floats("average." + name, tensor.shape);
    EXPECT_TRUE(std::equal(average.begin(), average.end(), tensor.data)) << name;
  }
  EXPECT_NE(model.description().validation.find("averaged weights"), std::string::npos);
}

TEST_F(AveragedTraining, RefusesRulesThatLeaveRowsBehindForGood) {
  TrainRequest r = request("lazy");
  r.config.train.table_optimizer = TableOptimizer::lazy_adam;
  try {
    Trainer trainer(r);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("train.table_optimizer"), std::string::npos);
  }
}

}  // namespace
}  // namespace truenext
