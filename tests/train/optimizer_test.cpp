// SPDX-License-Identifier: Apache-2.0
#include "train/optimise/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace truenext {
namespace {

ParameterSet one_matrix() {
  return ParameterSet({{"w", {2, 3}, Start::matrix}});
}

ParameterSet one_table() {
  return ParameterSet({{"table", {4, 2}, Start::table}});
}

/// The same everywhere.
TileGradients<float> gradients(const ParameterSet& parameters, float value) {
  TileGradients<float> g(parameters);
  std::ranges::fill(g.of(parameters[0]), value);
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
    auto grads = gradients(parameters, static_cast<float>(g));
    adam.step(grads, 0.1, pool);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double denominator = std::sqrt(v) / std::sqrt(1 - std::pow(0.999, t)) + 1e-8;
    p -= 0.1 / (1 - std::pow(0.9, t)) * m / denominator;
    for (const float value : parameters[0].value.values) EXPECT_NEAR(value, p, 2e-6) << t;
  }
}

TEST(Adam, RowsWithoutGradientKeepMovingByTheirMomentum) {
  ParameterSet parameters = one_table();
  Adam adam(parameters, TrainOptions{});
  WorkerPool pool(1);
  TileGradients<float> g(parameters);
  g.tables[0].set_rows({1}, {1.0f, -1.0f});
  adam.step(g, 1e-3, pool);
  const float* values = parameters[0].value.data();
  const float after_one = values[1 * 2];
  EXPECT_NEAR(after_one, -1e-3, 1e-6);
  TileGradients<float> none(parameters);
  adam.step(none, 1e-3, pool);
  EXPECT_LT(values[1 * 2], after_one);
  EXPECT_EQ(values[2 * 2], 0.0f);
}

TEST(ClipGradients, ScalesToTheLimitOnlyWhenAbove) {
  const ParameterSet parameters = one_matrix();
  auto grads = gradients(parameters, 2);
  const std::span<const float> values = grads.of(parameters[0]);
  EXPECT_NEAR(clip_gradients(grads, 100), std::sqrt(24.0), 1e-6);
  for (const float value : values) EXPECT_EQ(value, 2.0f);
  EXPECT_NEAR(clip_gradients(grads, 1.0), std::sqrt(24.0), 1e-6);
  for (const float value : values) EXPECT_NEAR(value, std::sqrt(1.0 / 6), 1e-6);
}

TEST(ScheduledRate, WarmsUpAndDecays) {
  TrainOptions options;
  options.learning_rate = 1.0;
  options.warmup_steps = 10;
  EXPECT_NEAR(scheduled_rate(options, 0, 110), 0.1, 1e-12);
  EXPECT_NEAR(scheduled_rate(options, 9, 110), 1.0, 1e-12);
  EXPECT_EQ(scheduled_rate(options, 60, 110), 1.0);
  options.schedule = RateSchedule::linear;
  EXPECT_NEAR(scheduled_rate(options, 60, 110), 0.5, 1e-12);
  options.schedule = RateSchedule::cosine;
  EXPECT_NEAR(scheduled_rate(options, 60, 110), 0.5, 1e-12);
  EXPECT_NEAR(scheduled_rate(options, 110, 110), 0.0, 1e-12);
}

}  // namespace
}  // namespace truenext
