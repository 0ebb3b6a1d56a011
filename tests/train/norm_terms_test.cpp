// SPDX-License-Identifier: Apache-2.0
// Norms of weights as terms of the loss (train.table_norm, train.norm_penalty): value, gradient,
// and that whole trainings with them keep the promises of those without.
#include "train/steps/norm_terms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "inference/safetensors.h"
#include "support/differences.h"
#include "support/double_weights.h"
#include "support/network_cases.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "support/tiles.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/thread_ranks.h"
#include "train/trained_bytes.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 9;

TEST(NormTerm, IsTheFactorTimesTheNormAndPointsAlongTheTable) {
  const std::vector<float> table = {3, 0, -4, 0};
  std::vector<float> gradient = {1, 1, 1, 1};
  WorkerPool pool(1);
  EXPECT_DOUBLE_EQ(add_norm<float>(table, 0.5, gradient, pool), 2.5);
  EXPECT_EQ(gradient, (std::vector<float>{1.3f, 1, 0.6f, 1}));
}

TEST(NormTerm, HasNoGradientAtZero) {
  const std::vector<float> table(6, 0.0f);
  std::vector<float> gradient = {1, -2, 3, 4, 5, 6};
  const std::vector<float> before = gradient;
  WorkerPool pool(2);
  EXPECT_EQ(add_norm<float>(table, 0.5, gradient, pool), 0.0);
  EXPECT_EQ(gradient, before);
}

TEST(NormTerm, HasTheSameBitsOnAnyThreads) {
  std::vector<float> table(300'001);  // several tasks, the last of them not full
  double squares = 0;
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<float>(std::sin(0.37 * static_cast<double>(i)));
    squares += static_cast<double>(table[i]) * table[i];
  }
  std::vector<float> first(table.size(), 0.25f);
  WorkerPool one(1);
  const double term = add_norm<float>(table, 3, first, one);
  EXPECT_NEAR(term, 3 * std::sqrt(squares), 1e-9);
  for (const int threads : {2, 3}) {
    std::vector<float> gradient(table.size(), 0.25f);
    WorkerPool pool(threads);
    EXPECT_EQ(add_norm<float>(table, 3, gradient, pool), term) << threads;
    EXPECT_TRUE(gradient == first) << threads;
  }
}

TrainOptions factor(double table_norm, double norm_penalty = 0) {
  TrainOptions options;
  options.table_norm = table_norm;
  options.norm_penalty = norm_penalty;
  return options;
}

class NormOfAModel : public testing::TestWithParam<bool> {
 protected:
  NormOfAModel() {
    ModelOptions options;
    options.hidden_size = 4;
    options.num_heads = 2;
    options.max_length = 6;
    options.dropout = 0;
    options.init = StartValues::xavier_normal;
    options.tie_embeddings = GetParam();
    options.resolve();
    model_ = make_model(options, kItems, 5);
  }
  TileGradients<double> run(const WeightViews<double>& weights) {
    ObjectiveOptions options;
    options.criterion = "bce";
    options.negatives = 1;
    const Objective objective(options, kItems);
    WorkerPool pool(1);
    TileGradients<double> result =
        run_tile(*model_, weights, objective, tile_, {3, 1, tile_.targets.size()});
    result.loss +=
        add_norms<double>(*model_, weights, norm_terms(*model_, factor(0.3)), result, pool);
    return result;
  }

  std::unique_ptr<Model> model_;
  Tile tile_ = test::next_item_tile({{3, 1, 4, 1, 5}, {2, 7, 0}});
};

TEST_P(NormOfAModel, GradientEqualsFiniteDifferences) {
  test::DoubleWeights weights(model_->parameters());
  const WeightViews<double> views = weights.views();
  TileGradients<double> gradients = run(views);
  for (const int64_t table : item_tables(*model_)) {
    const std::span<const double> gradient = gradients.tables[table].make_dense();
    std::vector<double>& values = weights[table];
    ASSERT_EQ(gradient.size(), values.size());
    for (size_t e = 0; e < gradient.size(); ++e) {
      const double slope =
          test::central_difference(values[e], 1e-5, [&] { return run(views).loss; });
      EXPECT_NEAR(gradient[e], slope, 2e-8) << model_->parameters()[table].name << " " << e;
      EXPECT_NE(gradient[e], 0.0);  // every item's, read or not
    }
  }
}

TEST_P(NormOfAModel, TouchesNothingButItemTables) {
  WorkerPool pool(1);
  TileGradients<float> gradients(model_->parameters());
  add_norms<float>(*model_, model_->parameters().readable(), norm_terms(*model_, factor(0.3)),
                   gradients, pool);
  EXPECT_EQ(item_tables(*model_).size(), GetParam() ? 1u : 2u);
  for (const float value : gradients.dense) EXPECT_EQ(value, 0.0f);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const bool item_table = i == model_->input_table() || i == model_->output_table();
    EXPECT_EQ(gradients.tables[i].empty(), !item_table) << model_->parameters()[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, NormOfAModel, testing::Bool(),
                         [](const auto& test) { return std::string(test.param ? "Tied" : "Two"); });

/// Networks whose originals penalise norms, and the names that they penalise.
struct Penalised {
  const char* network;
  int64_t tensors;
  std::vector<std::string> named, not_named;
};

class NormPenalty : public testing::TestWithParam<Penalised> {
 protected:
  NormPenalty() {
    ModelOptions options = test::tiny_network();
    options.name = GetParam().network;
    options.padding = PaddingUse::attend;
    options.tie_embeddings = true;
    options.dropout = 0;
    options.resolve();
    model_ = make_model(options, kItems, 5);
    test::roughen(model_->parameters());
  }
  TileGradients<double> run(const WeightViews<double>& weights, double factor_of_table) {
    ObjectiveOptions options;
    options.criterion = "softmax";
    options.candidates = CandidateSet::full;
    const Objective objective(options, kItems);
    WorkerPool pool(1);
    TileGradients<double> result =
        run_tile(*model_, weights, objective, tile_, {3, 1, tile_.targets.size()});
    const std::vector<NormTerm> terms = norm_terms(*model_, factor(factor_of_table, 0.4));
    result.loss += add_norms<double>(*model_, weights, terms, result, pool);
    return result;
  }

  std::unique_ptr<Model> model_;
  Tile tile_ = test::next_item_tile({{3, 1, 4, 1, 5}, {2, 7, 0}});
};

TEST_P(NormPenalty, IsOfTheTensorsThatTheOriginalPenalises) {
  std::set<std::string> names;
  for (const NormTerm& term : norm_terms(*model_, factor(0, 0.4))) {
    EXPECT_EQ(term.factor, 0.4);
    EXPECT_TRUE(names.insert(model_->parameters()[term.parameter].name).second);
  }
  EXPECT_EQ(std::ssize(names), GetParam().tensors);
  for (const std::string& name : GetParam().named) EXPECT_TRUE(names.contains(name)) << name;
  for (const std::string& name : GetParam().not_named) {
    EXPECT_FALSE(names.contains(name)) << name;
    EXPECT_NO_THROW(model_->parameters().get(name)) << name;
  }
  EXPECT_TRUE(norm_terms(*model_, factor(0, 0)).empty());
  EXPECT_EQ(std::ssize(norm_terms(*model_, factor(0.1, 0.4))), GetParam().tensors + 1);
}

TEST_P(NormPenalty, AddsTheSumOfTheNorms) {
  test::DoubleWeights weights(model_->parameters());
  double norms = 0;
  for (const NormTerm& term : norm_terms(*model_, factor(0, 1))) {
    double squares = 0;
    for (const double value : weights[term.parameter]) squares += value * value;
    norms += std::sqrt(squares);
  }
  WorkerPool pool(2);
  TileGradients<double> gradients(model_->parameters());
  const std::vector<NormTerm> terms = norm_terms(*model_, factor(0, 5e-6));
  EXPECT_NEAR(add_norms<double>(*model_, weights.views(), terms, gradients, pool), 5e-6 * norms,
              1e-16);
}

TEST_P(NormPenalty, GradientEqualsFiniteDifferences) {
  test::DoubleWeights weights(model_->parameters());
  const WeightViews<double> views = weights.views();
  TileGradients<double> gradients = run(views, 0.2);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const Parameter& parameter = model_->parameters()[i];
    const std::span<const double> gradient =
        parameter.is_table() ? gradients.tables[i].make_dense() : gradients.of(parameter);
    std::vector<double>& values = weights[i];
    ASSERT_EQ(gradient.size(), values.size());
    for (size_t e = 0; e < gradient.size(); e += 3) {
      const double slope =
          test::central_difference(values[e], 1e-6, [&] { return run(views, 0.2).loss; });
      EXPECT_NEAR(gradient[e], slope, 2e-7) << parameter.name << " " << e;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Networks, NormPenalty,
    testing::Values(Penalised{"nextitnet",
                              10,
                              {"item_embedding.weight", "blocks.1.conv2.weight",
                               "blocks.0.norm1.weight", "dense.weight"},
                              {"padding_embedding", "dense.bias", "blocks.0.conv1.bias",
                               "blocks.0.norm1.bias"}},
                    Penalised{"caser",
                              3,
                              {"item_embedding.weight", "vertical.weight", "dense.weight"},
                              {"padding_embedding", "vertical_bias", "horizontal.2.weight",
                               "dense.bias"}}),
    [](const auto& test) { return std::string(test.param.network); });

class NormTraining : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run, double factor) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model.tie_embeddings = true;
    r.config.train.table_norm = factor;
    return r;
  }
  std::string train(const TrainRequest& r) const {
    Trainer(r).fit();
    return test::trained_bytes(r.run);
  }
  double first_loss(double factor, double* norm) const {
    RunConfig config = request("none", factor).config;
    TrainingParts parts(config, 1, 1);
    const int64_t table = parts.model->output_table();
    *norm = std::sqrt(add_squares(0, parts.model->parameters()[table].value.values));
    EXPECT_EQ(parts.adam.deferred(table), factor == 0);  // no row can wait: all have a gradient
    parts.batcher.start_epoch(0);
    return parts.engine.step(parts.batcher.make(0), 0, 10);
  }

  test::TemporaryFolder folder_;
  std::filesystem::path data_ = test::ring_dataset(folder_);
};

TEST_F(NormTraining, AddsTheTermToTheLossOfAStepOnce) {
  double norm = 0;
  const double plain = first_loss(0, &norm);
  EXPECT_GT(norm, 0.1);
  EXPECT_NEAR(first_loss(0.7, &norm), plain + 0.7 * norm, 1e-6 * norm);
}

TEST_F(NormTraining, GivesTheSameBitsOnAnyThreadsAndProcessesAndAfterAResume) {
  const std::string bits = train(request("t1", 0.01));
  EXPECT_FALSE(train(request("none", 0)) == bits);
  for (const int threads : {2, 3}) {
    TrainRequest r = request("t" + std::to_string(threads), 0.01);
    r.threads = threads;
    r.deferred_rows = 1;
    EXPECT_TRUE(train(r) == bits) << threads;
  }
  for (const int ranks : {2, 3}) {
    const TrainRequest r = request("r" + std::to_string(ranks), 0.01);
    test::with_ranks(ranks, [&](Ranks& mine) { Trainer(r, mine).fit(); });
    EXPECT_TRUE(test::trained_bytes(r.run) == bits) << ranks;
  }
  TrainRequest cut = request("cut", 0.01);
  cut.config.train.epochs = 1;
  train(cut);
  cut.config.train.epochs = 3;
  cut.resume = true;
  EXPECT_TRUE(train(cut) == bits);
}

TEST_F(NormTraining, ShrinksTheTableUnderEveryOptimiser) {
  const auto norm_after = [&](const std::string& rule, double factor) {
    TrainRequest r = request(rule + std::to_string(factor), factor);
    r.config.train.table_optimizer = find_word<TableOptimizer>(rule).value();
    r.config.train.learning_rate = 0.01;
    r.config.model.dropout = 0;
    Trainer(r).fit();
    const SafetensorsFile file(r.run / "checkpoint" / "last.safetensors");
    double squares = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      if (name != "item_embedding.weight") continue;
      for (const float value : file.floats(name, tensor.shape)) squares += double{value} * value;
    }
    return std::sqrt(squares);
  };
  for (const char* rule : {"adam", "lazy-adam", "rowwise-adagrad"}) {
    const double norm = norm_after(rule, 0.5);
    EXPECT_GT(norm, 0.0) << rule;
    EXPECT_LT(norm, 0.95 * norm_after(rule, 0)) << rule;
  }
}

TEST_F(NormTraining, PenaltyGivesTheSameBitsOnAnyThreadsAndProcesses) {
  const auto penalised = [&](const std::string& run, double penalty) {
    TrainRequest r = request(run, 0);
    r.config.model.name = "nextitnet";
    r.config.model.positions = PositionNumbers::automatic;
    r.config.model.num_blocks = 2;
    r.config.train.norm_penalty = penalty;
    return r;
  };
  const std::string bits = train(penalised("p1", 0.01));
  EXPECT_FALSE(train(penalised("p0", 0)) == bits);
  TrainRequest three = penalised("p3", 0.01);
  three.threads = 3;
  three.deferred_rows = 1;
  EXPECT_TRUE(train(three) == bits);
  const TrainRequest ranks = penalised("r2", 0.01);
  test::with_ranks(2, [&](Ranks& mine) { Trainer(ranks, mine).fit(); });
  EXPECT_TRUE(test::trained_bytes(ranks.run) == bits);
}

TEST_F(NormTraining, RefusesPenaltiesThatAnOriginalDoesNotHave) {
  TrainRequest r = request("none", 0);
  r.config.train.norm_penalty = 5e-6;
  test::Caught error = test::caught([&] { const Trainer trainer(r); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("train.norm_penalty = 5e-06")) << error.message;
  EXPECT_TRUE(error.says("want 0, or train.table_norm")) << error.message;
  r.config.model.name = "caser";
  r.shard_tables = true;
  error = test::caught([&] { const Trainer trainer(r); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("--shard-tables: train.norm_penalty")) << error.message;
}

TEST_F(NormTraining, RefusesDividedTables) {
  TrainRequest r = request("divided", 0.01);
  r.shard_tables = true;
  const test::Caught error = test::caught([&] { const Trainer trainer(r); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("train.table_norm = 0.01")) << error.message;
}

}  // namespace
}  // namespace truenext
