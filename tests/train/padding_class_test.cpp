// SPDX-License-Identifier: Apache-2.0
// Padding as a class of the softmax (model.padding_class): a loss by hand, runs through their
// files, and what has no such class.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/thread_pool.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"
#include "interop/model_export.h"
#include "support/composed_views.h"
#include "support/double_weights.h"
#include "support/gradients.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "support/tiles.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"
#include "train/steps/composed_gradient.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

ObjectiveOptions cross_entropy() {
  ObjectiveOptions options;
  options.criterion = "softmax";
  options.candidates = CandidateSet::full;
  return options;
}

/// The state after anything is (1, 0); items 0, 1, 2 have the exponentials 2, 3, 1 and padding 4.
std::unique_ptr<Model> weighed_model(bool padding_class) {
  ModelOptions options;
  options.name = "gru4rec";
  options.hidden_size = 2;
  options.gru_hidden_size = 3;
  options.max_length = 4;
  options.dropout = 0;
  options.tie_embeddings = true;
  options.padding_class = padding_class;
  auto model = make_model(options, 3, 1);
  ParameterSet& parameters = model->parameters();
  for (int64_t i = 0; i < parameters.size(); ++i) {
    std::ranges::fill(parameters[i].value.values, 0.0f);
  }
  parameters.get("dense.bias").values = {1, 0};
  parameters.get(kInputTable).values = {std::log(2.0f), 0, std::log(3.0f), 0, 0, 0};
  if (padding_class) parameters.get(kPaddingClass).values = {std::log(4.0f), 0};
  return model;
}

TEST(PaddingClass, TakesProbabilityAndGradient) {
  const Tile tile = test::next_item_tile({{0, 1}});  // one query, target 1
  ASSERT_EQ(tile.targets.size(), 1);
  const Objective objective(cross_entropy(), 3);
  WorkerPool pool(1);
  for (const bool with : {false, true}) {
    const auto model = weighed_model(with);
    const test::DoubleWeights weights(model->parameters());
    const WeightViews<double> trained = weights.views();
    model->compose(pool);
    const test::ComposedViews<double> read(*model, trained);
    TileGradients<double> gradients = run_tile(*model, read.views(), objective, tile, {3, 1, 1});
    hand_back(*model, trained, gradients, pool);
    const double sum = with ? 10 : 6;
    EXPECT_NEAR(gradients.loss, -std::log(3 / sum), 1e-6);
    const auto table = test::gradient_of(*model, model->parameters().index(kInputTable), gradients);
    ASSERT_EQ(table.size(), 6u);  // no row for padding
    EXPECT_NEAR(table[2], 3 / sum - 1, 1e-6);
    EXPECT_NEAR(table[4], 1 / sum, 1e-6);
    if (!with) continue;
    const auto padding =
        test::gradient_of(*model, model->parameters().index(kPaddingClass), gradients);
    EXPECT_NEAR(padding[0], 0.4, 1e-6);
    EXPECT_EQ(padding[1], 0);
  }
}

class PaddingClassTraining : public testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  TrainRequest request(const std::string& run) const {
    TrainRequest r = test::small_training(folder_ / run, data_);
    r.config.model.tie_embeddings = true;
    r.config.model.padding_class = true;
    r.config.objective = cross_entropy();
    r.config.train.learning_rate = 0.01;
    return r;
  }

  test::TemporaryFolder folder_;
  fs::path data_ = test::prepare_pairs(folder_, test::ring_log(60, 40, 12), "data");
};

// Its vector moves in training, and nothing that answers knows it.
TEST_F(PaddingClassTraining, IsTrainedAndNeverAnswered) {
  const TrainResult trained = Trainer(request("run")).fit();
  const ModelFile file = ModelFile::open(folder_ / "run");
  EXPECT_TRUE(file.description().model.padding_class);
  EXPECT_TRUE(file.description().loss_name.ends_with("padding a class"));
  const TensorView& padding = file.weights().at(kPaddingClass);
  ASSERT_EQ(padding.size(), 16);
  EXPECT_GT(std::abs(padding.data[0]), 0.001);  // from zero
  EXPECT_EQ(file.num_items(), 40);
  EXPECT_EQ(std::ssize(file.encoder().item_table()), 40 * 16);

  Protocol protocol;
  protocol.part = SplitPart::valid;
  const Queries queries = make_queries(Dataset::open(data_), protocol);
  const auto scorer = make_encoder_scorer(file.encoder());
  WorkerPool pool(2);
  const auto metrics =
      compute_metrics(parse_metrics("ndcg@10"), rank_targets(*scorer, queries, protocol, pool));
  EXPECT_EQ(metrics.metrics[0].mean, trained.best_value);  // as validation saw it
  for (const ScoredItem& item : top_items(*scorer, queries, 100, true, pool).values) {
    EXPECT_LT(item.item, 40);
  }
}

// At first nothing is known of padding: one class of 41 that are much alike.
TEST_F(PaddingClassTraining, MakesTheLossThatOfOneClassMore) {
  double first[2];
  for (const bool with : {false, true}) {
    TrainRequest r = request(with ? "with" : "without");
    r.config.model.padding_class = with;
    r.config.model.init = StartValues::normal_002;
    r.config.model.dropout = 0;
    TrainingParts parts(r.config, 1, int64_t{1} << 40);
    parts.batcher.start_epoch(0);
    first[with] = parts.engine.step(parts.batcher.make(0), 0, 1);
  }
  EXPECT_NEAR(first[1] - first[0], std::log(41.0 / 40.0), 1e-3);
}

TEST_F(PaddingClassTraining, SaysWhatHasNone) {
  Trainer(request("old")).fit();
  const struct {
    std::function<void(TrainRequest&)> change;
    ExitCode code;
    std::vector<const char*> parts;
  } cases[] = {
      {[](TrainRequest& r) { r.config.objective.candidates = CandidateSet::uniform; },
       ExitCode::usage,
       {"model.padding_class = true", "objective.candidates = \"uniform\"", "set it to false"}},
      {[](TrainRequest& r) { r.config.objective.candidates = CandidateSet::buckets; },
       ExitCode::usage,
       {"objective.candidates = \"buckets\"", "is none"}},
      {[](TrainRequest& r) { r.config.objective.criterion = "bpr"; },
       ExitCode::usage,
       {"criterion = \"bpr\"", "use candidates = \"full\" with criterion = \"softmax\""}},
      {[](TrainRequest& r) {
         r.shard_tables = true;
         r.config.objective.candidates = CandidateSet::uniform;
       },
       ExitCode::usage,
       {"--shard-tables: model.padding_class = true", "set it to false"}},
      {[](TrainRequest& r) {
         r.config.train.task = TrainTask::pretraining;
         r.config.pretrain.losses.aap = r.config.pretrain.losses.map = 0;
       },
       ExitCode::usage,
       {"model.padding_class = true", "a pretraining has none"}},
      {[](TrainRequest& r) { r.config.objective.label_share = 0.4; },
       ExitCode::usage,
       {"soft labels (objective.label_share, label_reverse)", "say nothing of padding"}},
      {[&](TrainRequest& r) {
         r.config.train.init_from = folder_ / "old";
         r.config.model.padding_class = false;
       },
       ExitCode::data,
       {"tensor padding_class.weight (16) has no place", "model.padding_class=true (here false)"}},
  };
  for (const auto& c : cases) {
    TrainRequest r = request("refused");
    c.change(r);
    const test::Caught error = test::caught([&] { Trainer(r).fit(); });
    EXPECT_EQ(error.code, c.code) << error.message;
    for (const char* part : c.parts) EXPECT_TRUE(error.says(part)) << error.message;
  }
  EXPECT_FALSE(fs::exists(folder_ / "refused"));
  const ModelFile file = ModelFile::open(folder_ / "old");
  const test::Caught error =
      test::caught([&] { export_state_dict(file, "gsasrec", folder_ / "x.safetensors"); });
  EXPECT_TRUE(error.says("model.padding_class = true, for which that project has no place"))
      << error.message;
}

}  // namespace
}  // namespace truenext
