// SPDX-License-Identifier: Apache-2.0
#include "train/optimise/optimizer.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace truenext {
namespace {

ParameterSet one_matrix() {
  return ParameterSet({{"w", {2, 3}}}, {});
}

TileGradients<float> gradients(const at::Tensor& value) {
  TileGradients<float> g;
  g.dense.push_back(value);
  g.tables.emplace_back();
  return g;
}

TEST(Adam, FollowsTheFormula) {
  ParameterSet parameters = one_matrix();
  TrainOptions options;
  options.learning_rate = 0.1;
  Adam adam(parameters, options);
  WorkerPool pool(1);
  double m = 0, v = 0, p = 0;
  for (int t = 1; t <= 5; ++t) {
    const double g = 0.5 * t - 1.2;
    auto grads = gradients(at::full({2, 3}, g, at::kFloat));
    adam.step(grads, 0.1, pool);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double denominator = std::sqrt(v) / std::sqrt(1 - std::pow(0.999, t)) + 1e-8;
    p -= 0.1 / (1 - std::pow(0.9, t)) * m / denominator;
    EXPECT_NEAR(parameters[0].value[1][2].item<double>(), p, 2e-6) << t;
  }
}

TEST(Adam, RowsWithoutGradientKeepMovingByTheirMomentum) {
  ParameterSet parameters({{"table", {4, 2}}}, {"table"});
  Adam adam(parameters, TrainOptions{});
  WorkerPool pool(1);
  TileGradients<float> g;
  g.dense.emplace_back();
  g.tables.emplace_back(4, 2);
  g.tables[0].set_rows({1}, {1.0f, -1.0f});
  adam.step(g, 1e-3, pool);
  const float after_one = parameters[0].value[1][0].item<float>();
  EXPECT_NEAR(after_one, -1e-3, 1e-6);
  TileGradients<float> none;
  none.dense.emplace_back();
  none.tables.emplace_back(4, 2);
  adam.step(none, 1e-3, pool);
  EXPECT_LT(parameters[0].value[1][0].item<float>(), after_one);
  EXPECT_EQ(parameters[0].value[2][0].item<float>(), 0.0f);
}

TEST(ClipGradients, ScalesToTheLimitOnlyWhenAbove) {
  auto grads = gradients(at::full({2, 3}, 2.0, at::kFloat));
  EXPECT_NEAR(clip_gradients(grads, 100), std::sqrt(24.0), 1e-6);
  EXPECT_EQ(grads.dense[0][0][0].item<float>(), 2.0f);
  clip_gradients(grads, 1.0);
  EXPECT_NEAR(grads.dense[0].norm().item<double>(), 1.0, 1e-6);
}

TEST(ScheduledRate, WarmsUpAndDecays) {
  TrainOptions options;
  options.learning_rate = 1.0;
  options.warmup_steps = 10;
  EXPECT_NEAR(scheduled_rate(options, 0, 110), 0.1, 1e-12);
  EXPECT_NEAR(scheduled_rate(options, 9, 110), 1.0, 1e-12);
  EXPECT_EQ(scheduled_rate(options, 60, 110), 1.0);
  options.schedule = "linear";
  EXPECT_NEAR(scheduled_rate(options, 60, 110), 0.5, 1e-12);
  options.schedule = "cosine";
  EXPECT_NEAR(scheduled_rate(options, 60, 110), 0.5, 1e-12);
  EXPECT_NEAR(scheduled_rate(options, 110, 110), 0.0, 1e-12);
}

}  // namespace
}  // namespace truenext
