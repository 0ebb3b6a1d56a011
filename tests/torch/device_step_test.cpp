// SPDX-License-Identifier: Apache-2.0
// The device path against the tile path: same weights, same batch, same negatives, no dropout.
#include "torch/device_step.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "net/model.h"
#include "objectives/criterion.h"
#include "support/composed_views.h"
#include "support/network_cases.h"
#include "support/small_data.h"
#include "support/timed_data.h"
#include "torch/test_device.h"
#include "train/loop/training_parts.h"
#include "train/steps/composed_gradient.h"
#include "train/steps/norm_terms.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

struct Case {
  std::string name;
  RunConfig config;
};

RunConfig small() {
  RunConfig config;
  config.model.hidden_size = 16;
  config.model.max_length = 8;
  config.model.dropout = config.model.output_dropout = 0;
  config.model.gru_hidden_size = 12;
  config.model.init = StartValues::xavier_normal;
  config.objective.negatives = 5;
  config.train.batch_size = 16;
  config.train.tile_tokens = 24;
  return config;
}

RunConfig with(const std::string& criterion, CandidateSet candidates) {
  RunConfig config = small();
  config.model.num_heads = 2;
  config.objective.criterion = criterion;
  config.objective.candidates = candidates;
  return config;
}

void add_networks(std::vector<Case>& all) {
  for (const test::NetworkCase& network : test::network_cases(small().model)) {
    all.push_back({network.name, small()});
    RunConfig& config = all.back().config;
    config.model = network.options;
    if (!network.network->fills_masks) continue;
    config.objective.positions = TargetPositions::masked;
    config.train.input_drop = 0.4;
  }
  for (const test::NetworkCase& network : test::composed_cases(small().model)) {
    if (network.network->fills_masks) continue;
    for (const CandidateSet candidates : {CandidateSet::full, CandidateSet::uniform}) {
      all.push_back(
          {network.name + " " + std::string(word_of(candidates)), with("softmax", candidates)});
      all.back().config.model = network.options;
    }
  }
  for (const test::NetworkCase& network : test::padding_class_cases(small().model)) {
    if (network.network->fills_masks) continue;
    all.push_back({network.name, with("softmax", CandidateSet::full)});
    all.back().config.model = network.options;
  }
}

void add_objectives(std::vector<Case>& all) {
  for (const CriterionInfo* info : criterion_list()) {
    for (const CandidateSet candidates : {CandidateSet::full, CandidateSet::uniform}) {
      all.push_back(
          {info->name + " " + std::string(word_of(candidates)), with(info->name, candidates)});
    }
    all.push_back({info->name + " three futures", with(info->name, CandidateSet::uniform)});
    all.back().config.objective.future.future_items = 3;
    all.back().config.objective.future.relevance = Relevance::linear;
    all.push_back({info->name + " three futures full", with(info->name, CandidateSet::full)});
    all.back().config.objective.future.future_items = 3;
  }
  all.push_back({"per positive", with("bce-sum", CandidateSet::uniform)});
  all.back().config.objective.negatives_per = NegativesPer::positive;
  all.back().config.objective.future.future_items = 3;
  all.back().config.objective.reduction = LossMean::targets;
  all.push_back({"log q", with("softmax", CandidateSet::popularity)});
  all.back().config.objective.log_q = true;
  all.push_back({"per sequence", with("gbce", CandidateSet::mixed)});
  all.back().config.objective.share = NegativeShare::sequence;
  all.back().config.objective.exclude = Exclusion::positive;
  all.push_back({"per batch", with("bpr-max", CandidateSet::batch)});
  all.back().config.objective.share = NegativeShare::batch;
  all.back().config.objective.exclude = Exclusion::history;
  all.back().config.objective.bpr_max_reg = 0.5;
  all.push_back({"last positions", with("softmax", CandidateSet::full)});
  all.back().config.objective.positions = TargetPositions::last;
  all.push_back({"clamped", with("gbce", CandidateSet::uniform)});
  all.back().config.objective.gbce_form = GbceForm::clamped;
  all.push_back({"buckets", with("softmax", CandidateSet::buckets)});
  all.push_back({"axis error", with("bpr-published", CandidateSet::uniform)});
  all.back().config.objective.compat = PublishedError::axis_error;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  add_networks(all);
  add_objectives(all);
  for (Case& c : all) {
    for (char& letter : c.name) {
      if (letter == '-' || letter == ' ') letter = '_';
    }
  }
  return all;
}

/// Sum over the tiles, dense, in the order of the parameters.
DeviceGradients by_tiles(TrainingParts& parts, const Batch& batch, const StepContext& context) {
  parts.model->compose(parts.pool);
  const ParameterSet& parameters = parts.model->parameters();
  const WeightViews<float> weights = parameters.readable();
  TileGradients<float> total(parameters);
  for (const Tile& tile : batch.tiles) {
    total.add(run_tile(*parts.model, weights, parts.objective, tile, context));
  }
  hand_back(*parts.model, parameters.trained(), total, parts.pool);
  DeviceGradients result{total.loss, {}};
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const std::span<const float> own =
        parameters[i].is_table() ? total.tables[i].make_dense() : total.of(parameters[i]);
    result.gradients.push_back(to_device(own, at::kCPU).view(parameters[i].shape));
  }
  return result;
}

class DeviceStep : public testing::TestWithParam<Case> {
 protected:
  DeviceStep() {
    const std::string log = test::ring_log(60, 40, 12);
    config_.data.path =
        config_.model.time == TimeUse::none
            ? test::prepare_pairs(folder_, log, "data", test::ring_attributes(40)).string()
            : test::prepare_timed(folder_, test::timed_log(log)).string();
    config_.model.resolve();
    parts_ = std::make_unique<TrainingParts>(config_, 2, int64_t{1} << 40);
    for (int64_t i = 0; i < parts_->model->parameters().size(); ++i) {  // no zero biases
      at::Tensor value = borrow(parts_->model->parameters()[i].value);
      value.add_(test::wave_like(value, 1.7, static_cast<double>(i)), 0.1);
    }
    parts_->batcher.start_epoch(0);
    batch_ = parts_->batcher.make(0);
  }

  test::TemporaryFolder folder_;
  RunConfig config_ = GetParam().config;
  std::unique_ptr<TrainingParts> parts_;
  Batch batch_;
};

TEST_P(DeviceStep, GivesTheLossAndGradientsOfTheTiles) {
  ASSERT_GT(batch_.tiles.size(), 2u);
  const StepContext context{42, 7, parts_->objective.divisor(batch_)};
  const DeviceObjective objective(parts_->objective, parts_->pool);
  DeviceGradients device =
      run_batch(*parts_->model, test::weights_of(*parts_->model), objective, batch_, context);
  DeviceTables(*parts_->model, test::device())
      .hand_back(test::trained_of(*parts_->model), device.gradients);
  const DeviceGradients tiles = by_tiles(*parts_, batch_, context);
  EXPECT_GT(tiles.loss, 0);
  EXPECT_NEAR(device.loss, tiles.loss, 1e-6 * std::abs(tiles.loss));
  double largest = 0;
  for (const at::Tensor& gradient : tiles.gradients) {
    largest = std::max(largest, gradient.norm().item<double>());
  }
  for (int64_t i = 0; i < parts_->model->parameters().size(); ++i) {
    const std::string& name = parts_->model->parameters()[i].name;
    const at::Tensor& expected = tiles.gradients[i];
    const at::Tensor actual =
        device.gradients[i].defined() ? device.gradients[i].cpu() : at::zeros_like(expected);
    ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
    // Gradients that cancel to nothing (a key's bias) are compared with the largest one.
    const double size = std::max(expected.norm().item<double>(), 1e-3 * largest);
    EXPECT_LT((actual - expected).norm().item<double>(), 1e-4 * size) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceStep, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST(DeviceTableNorm, IsThatOfTheTiles) {
  for (const bool tied : {true, false}) {
    ModelOptions options = small().model;
    options.tie_embeddings = tied;
    const std::unique_ptr<Model> model = make_model(options, 30, 1);
    const ParameterSet& parameters = model->parameters();
    WorkerPool pool(1);
    TileGradients<float> host(parameters);
    TrainOptions train;
    train.table_norm = 0.3;
    const std::vector<NormTerm> terms = norm_terms(*model, train);
    const double term = add_norms<float>(*model, parameters.readable(), terms, host, pool);
    EXPECT_GT(term, 0.1);
    std::vector<at::Tensor> gradients(static_cast<size_t>(parameters.size()));
    const std::vector<at::Tensor> weights = test::weights_of(*model);
    gradients[model->input_table()] = at::ones_like(weights[model->input_table()]);
    EXPECT_NEAR(add_norms_on_device(terms, weights, gradients), term, 1e-6);
    for (int64_t i = 0; i < parameters.size(); ++i) {
      const bool item_table = i == model->input_table() || i == model->output_table();
      ASSERT_EQ(gradients[i].defined(), item_table) << parameters[i].name;
      if (!item_table) continue;
      const std::span<const float> own = host.tables[i].make_dense();
      const at::Tensor expected = to_device(own, at::kCPU).view(parameters[i].shape);
      const at::Tensor before = at::full_like(expected, i == model->input_table() ? 1.0 : 0.0);
      EXPECT_LT((gradients[i].cpu() - before - expected).abs().max().item<double>(), 1e-6);
    }
  }
}

TEST(DeviceCriteria, OnlyOriginalsQuirksAreLeftToTheHost) {
  for (const CriterionInfo* info : criterion_list()) {
    ObjectiveOptions options;
    options.criterion = info->name;
    const bool published = info->name.find("published") != std::string::npos;
    EXPECT_EQ(find_device_criterion(options) == nullptr, published) << info->name;
  }
}

TEST(DeviceNormPenalty, IsThatOfTheTiles) {
  ModelOptions options = small().model;
  options.name = "nextitnet";
  options.tie_embeddings = true;
  const std::unique_ptr<Model> model = make_model(options, 30, 1);
  const ParameterSet& parameters = model->parameters();
  TrainOptions train;
  train.norm_penalty = 0.3;
  const std::vector<NormTerm> terms = norm_terms(*model, train);
  WorkerPool pool(1);
  TileGradients<float> host(parameters);
  const double sum = add_norms<float>(*model, parameters.readable(), terms, host, pool);
  std::vector<at::Tensor> gradients(static_cast<size_t>(parameters.size()));
  EXPECT_NEAR(add_norms_on_device(terms, test::weights_of(*model), gradients), sum, 1e-5);
  for (const NormTerm& term : terms) {
    const Parameter& parameter = parameters[term.parameter];
    const std::span<const float> own =
        parameter.is_table() ? host.tables[term.parameter].make_dense() : host.of(parameter);
    const at::Tensor expected = to_device(own, at::kCPU).view(parameter.shape);
    const at::Tensor found = gradients[term.parameter].cpu();
    EXPECT_LT((found - expected).abs().max().item<double>(), 1e-6) << parameter.name;
  }
}

}  // namespace
}  // namespace truenext
