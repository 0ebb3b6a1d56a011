// SPDX-License-Identifier: Apache-2.0
// Gradients of every network on the list, with an objective of each kind, against float64 finite
// differences, and the kernels' against those.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "net/model.h"
#include "objectives/objective.h"
#include "support/composed_views.h"
#include "support/differences.h"
#include "support/double_weights.h"
#include "support/gradients.h"
#include "support/network_cases.h"
#include "support/sanitizers.h"
#include "support/tiles.h"
#include "train/steps/composed_gradient.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 9;

ObjectiveOptions sampled() {
  ObjectiveOptions options;
  options.negatives = 3;
  return options;
}

ObjectiveOptions full() {
  ObjectiveOptions options;
  options.criterion = "softmax";
  options.candidates = CandidateSet::full;
  return options;
}

using test::gradient_of;

class NetworkGradient
    : public testing::TestWithParam<std::tuple<test::NetworkCase, ObjectiveOptions>> {
 protected:
  NetworkGradient()
      : objective_(std::get<1>(GetParam()), kItems),
        model_(
            make_model(std::get<0>(GetParam()).options, kItems, 5, test::some_attributes(kItems))) {
    test::roughen(model_->parameters());
    model_->compose(pool_);
  }

  template <typename T>
  TileGradients<T> run(const WeightViews<T>& weights) {
    const test::ComposedViews<T> read(*model_, weights);
    TileGradients<T> gradients =
        run_tile(*model_, read.views(), objective_, tile_, {3, 1, tile_.targets.size()});
    hand_back(*model_, weights, gradients, pool_);
    return gradients;
  }

  WorkerPool pool_{2};
  Objective objective_;
  std::unique_ptr<Model> model_;
  // One sequence as long as the window, one short, one with a single input, a repeated item.
  Tile tile_ = test::next_item_tile({{3, 1, 4, 1, 5, 8, 2}, {2, 7, 0}, {6, 6}});
};

TEST_P(NetworkGradient, EqualsFiniteDifferences) {
  test::DoubleWeights weights(model_->parameters());
  const WeightViews<double> views = weights.views();
  TileGradients<double> gradients = run(views);
  EXPECT_GT(gradients.loss, 0.01);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const std::vector<double> gradient = gradient_of(*model_, i, gradients);
    std::vector<double>& values = weights[i];
    ASSERT_EQ(gradient.size(), values.size());
    for (size_t e = 0; e < values.size();
         e += std::max<size_t>(1, values.size() / test::kEntries)) {
      const double slope =
          test::central_difference(values[e], 3e-6, [&] { return run(views).loss; });
      EXPECT_NEAR(gradient[e], slope, 2e-8) << model_->parameters()[i].name << " " << e;
    }
  }
}

TEST_P(NetworkGradient, DoesNotReachHiddenInputs) {
  if (model_->network().name == "sr-gnn") GTEST_SKIP() << "its graph is made of the items";
  tile_.hidden.assign(static_cast<size_t>(tile_.tokens()), 0);
  tile_.hidden[3] = tile_.hidden.back() = 1;
  const test::DoubleWeights weights(model_->parameters());
  const double loss = run(weights.views()).loss;
  Tile other = tile_;
  other.sequences.values[3] = 5;
  other.sequences.values.back() = 4;
  std::swap(other, tile_);
  EXPECT_EQ(run(weights.views()).loss, loss);
}

TEST_P(NetworkGradient, OfTheKernelsIsThatOfTheirTwins) {
  const test::DoubleWeights weights(model_->parameters());
  TileGradients<double> twins = run(weights.views());
  TileGradients<float> kernels = run(model_->parameters().trained());
  EXPECT_NEAR(kernels.loss, twins.loss, 1e-5 * twins.loss);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const std::vector<double> wanted = gradient_of(*model_, i, twins);
    const std::vector<double> found = gradient_of(*model_, i, kernels);
    for (size_t e = 0; e < wanted.size(); ++e) {
      EXPECT_NEAR(found[e], wanted[e], 2e-6 + 1e-4 * std::abs(wanted[e]))
          << model_->parameters()[i].name << " " << e;
    }
  }
}

class GradientOfSomePositions : public testing::TestWithParam<test::NetworkCase> {};

// Only states that somebody asks for are computed then.
TEST_P(GradientOfSomePositions, IsThatWhereTheOthersWeighNothing) {
  const auto model = make_model(GetParam().options, kItems, 5);
  test::roughen(model->parameters());
  const test::DoubleWeights weights(model->parameters());
  const Objective objective(full(), kItems);
  Tile all = test::next_item_tile({{3, 1, 4, 1, 5, 8, 2}, {2, 7, 0}, {6, 6}});
  Tile some = all;
  some.targets = {};
  for (int64_t q = 0; q < all.targets.size(); ++q) {
    all.targets.weights[q] = q % 3 == 1 ? 1 : 0;
    if (q % 3 != 1) continue;
    some.targets.rows.push_back(all.targets.rows[q]);
    some.targets.items.push_back(all.targets.items[q]);
    some.targets.weights.push_back(1);
    some.targets.offsets.push_back(std::ssize(some.targets.items));
  }
  const auto run = [&](const Tile& tile) {
    return run_tile(*model, weights.views(), objective, tile, {3, 1, 3});
  };
  TileGradients<double> few = run(some), many = run(all);
  EXPECT_EQ(some.targets.size(), 3);
  EXPECT_GT(few.loss, 0.1);
  EXPECT_NEAR(few.loss, many.loss, 1e-12);
  for (int64_t i = 0; i < model->parameters().size(); ++i) {
    const std::vector<double> wanted = gradient_of(*model, i, many);
    const std::vector<double> found = gradient_of(*model, i, few);
    for (size_t e = 0; e < wanted.size(); ++e) {
      EXPECT_NEAR(found[e], wanted[e], 1e-12) << model->parameters()[i].name << " " << e;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, GradientOfSomePositions,
                         testing::ValuesIn(test::network_cases(test::tiny_network())),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Networks, NetworkGradient,
    testing::Combine(testing::ValuesIn(test::network_cases(test::tiny_network())),
                     testing::Values(sampled(), full())),
    [](const auto& test) {
      return std::get<0>(test.param).name + "_" +
             std::string(word_of(std::get<1>(test.param).candidates));
    });

INSTANTIATE_TEST_SUITE_P(
    PaddingClass, NetworkGradient,
    testing::Combine(testing::ValuesIn(test::padding_class_cases(test::tiny_network())),
                     testing::Values(full())),
    [](const auto& test) { return std::get<0>(test.param).name; });

INSTANTIATE_TEST_SUITE_P(
    Composed, NetworkGradient,
    testing::Combine(testing::ValuesIn(test::composed_cases(test::tiny_network())),
                     testing::Values(sampled(), full())),
    [](const auto& test) {
      return std::get<0>(test.param).name + "_" +
             std::string(word_of(std::get<1>(test.param).candidates));
    });

}  // namespace
}  // namespace truenext
