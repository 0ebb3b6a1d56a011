// SPDX-License-Identifier: Apache-2.0
// train.clip_norm in whole steps of the engine: one norm over tables and dense parameters.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "net/model.h"
#include "support/network_cases.h"
#include "support/tiles.h"
#include "train/optimise/optimizer.h"
#include "train/steps/engine.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 200;

struct Case {
  std::string name;
  CandidateSet candidates;
  bool tied;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

/// A model, its batch of two tiles and one step of it.
class Clipping : public testing::TestWithParam<Case> {
 protected:
  struct Trained {
    std::unique_ptr<Model> model;
    std::vector<std::vector<float>> moments;  ///< the first, by parameter
    double loss = 0;
  };

  Clipping() : objective_(objective_options(), kItems) {
    // Few items, so that sampled tables stay lists of rows.
    batch_.tiles.push_back(test::next_item_tile({{3, 1, 4, 1, 5}, {2, 7}}, {0, 1}));
    batch_.tiles.push_back(test::next_item_tile({{8, 3, 9, 9}}, {2}));
    for (const Tile& tile : batch_.tiles) batch_.positions += tile.targets.size();
  }

  static ObjectiveOptions objective_options() {
    ObjectiveOptions options;
    options.candidates = GetParam().candidates;
    options.criterion = "softmax";
    options.negatives = 2;
    return options;
  }
  static std::unique_ptr<Model> new_model() {
    ModelOptions options = test::tiny_network();
    options.tie_embeddings = GetParam().tied;
    auto model = make_model(options, kItems, 5);
    test::roughen(model->parameters());
    return model;
  }
  /// An epsilon as large as Adam's root makes the step follow the size of the gradient.
  static TrainOptions train_options(double clip_norm) {
    TrainOptions options;
    options.learning_rate = 0.1;
    options.epsilon = 0.5;
    options.clip_norm = clip_norm;
    return options;
  }

  Trained trained(double clip_norm) const {
    Trained result{new_model(), {}, 0};
    const TrainOptions options = train_options(clip_norm);
    Adam adam(result.model->parameters(), options);
    WorkerPool pool(1);
    Engine engine(*result.model, objective_, adam, options, pool);
    result.loss = engine.step(batch_, 0, 10);
    for (int64_t i = 0; i < result.model->parameters().size(); ++i) {
      const Tensor& moment = *adam.state(i)[0].tensor;
      result.moments.emplace_back(moment.values.begin(), moment.values.end());
    }
    return result;
  }

  /// Gradients of the batch by parameter, and their norm over all.
  std::vector<std::vector<double>> gradients(double* norm) const {
    const std::unique_ptr<Model> model = new_model();
    const WeightViews<float> weights = model->parameters().readable();
    TileGradients<float> sum(model->parameters());
    for (const Tile& tile : batch_.tiles) {
      sum.add(run_tile(*model, weights, objective_, tile, {42, 0, batch_.positions}));
    }
    std::vector<std::vector<double>> all;
    double squares = 0;
    for (int64_t i = 0; i < model->parameters().size(); ++i) {
      const Parameter& parameter = model->parameters()[i];
      const std::span<const float> values =
          parameter.is_table() ? sum.tables[i].make_dense() : sum.of(parameter);
      all.emplace_back(values.begin(), values.end());
      for (const double value : all.back()) squares += value * value;
    }
    *norm = std::sqrt(squares);
    return all;
  }

  Objective objective_;
  Batch batch_;
};

TEST_P(Clipping, ScalesEveryGradientByTheNormOfAll) {
  double norm = 0;
  const auto gradient = gradients(&norm);
  EXPECT_GT(norm, 0.05);
  const double limit = 0.3 * norm;
  const Trained after = trained(limit);
  const std::unique_ptr<Model> before = new_model();
  double squares = 0;
  for (int64_t i = 0; i < before->parameters().size(); ++i) {
    const Parameter& parameter = before->parameters()[i];
    for (int64_t e = 0; e < parameter.value.size(); ++e) {
      const double g = 0.3 * gradient[i][e];
      const float moment = after.moments[i][e];
      squares += std::pow(10.0 * moment, 2);
      ASSERT_NEAR(moment, 0.1 * g, 1e-8 + 1e-5 * std::abs(g)) << parameter.name << " " << e;
      // The first step of Adam, whose corrected moments are the gradient and its square.
      const double moved = parameter.value.data()[e] - 0.1 * g / (std::abs(g) + 0.5);
      const float now = after.model->parameters()[i].value.data()[e];
      ASSERT_NEAR(now, moved, 2e-7 + 1e-6 * std::abs(moved)) << parameter.name << " " << e;
    }
  }
  EXPECT_NEAR(std::sqrt(squares), limit, 1e-5 * limit);
  EXPECT_EQ(after.loss, trained(0).loss);
}

TEST_P(Clipping, ChangesNothingBelowTheLimit) {
  double norm = 0;
  gradients(&norm);
  const Trained free = trained(0), wide = trained(1.001 * norm), narrow = trained(0.999 * norm);
  EXPECT_TRUE(wide.moments == free.moments);
  EXPECT_FALSE(narrow.moments == free.moments);
  for (int64_t i = 0; i < free.model->parameters().size(); ++i) {
    EXPECT_TRUE(wide.model->parameters()[i].value.values ==
                free.model->parameters()[i].value.values);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Clipping,
                         testing::Values(Case{"rows", CandidateSet::uniform, false},
                                         Case{"rows_tied", CandidateSet::uniform, true},
                                         Case{"whole_table", CandidateSet::full, false}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
