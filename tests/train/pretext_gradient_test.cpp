// SPDX-License-Identifier: Apache-2.0
// Gradients of pretraining against float64 finite differences, and the kernels' against those.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "net/model.h"
#include "support/composed_views.h"
#include "support/differences.h"
#include "support/double_weights.h"
#include "support/gradients.h"
#include "support/network_cases.h"
#include "support/sanitizers.h"
#include "train/steps/composed_gradient.h"
#include "train/steps/pretext_step.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 7, kAttributes = 4;

struct Case {
  const char* name;
  PretextOptions options;
  bool tied = true;
  bool attributes = false, bias = false;  ///< of the model
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

PretextOptions only(double aap, double mip, double map, double sp,
                    PairScores scores = PairScores::logits) {
  return {0.2, aap, mip, map, sp, scores};
}

Tile two_examples() {
  Tile tile;
  const auto add = [&](std::vector<int32_t> items, std::vector<uint8_t> hidden) {
    tile.sequences.add_row(items);
    tile.streams.push_back(static_cast<uint64_t>(tile.sequences.size()));
    tile.hidden.insert(tile.hidden.end(), hidden.begin(), hidden.end());
    return static_cast<int32_t>(tile.tokens()) - 1;
  };
  add({3, 1, 4, 6}, {0, 1, 0, 1});
  tile.pretext.known = {0, 2};
  tile.pretext.hidden = {1, 3};
  tile.pretext.around.push_back(add({3, 1, 4, 6}, {0, 1, 1, 0}));
  tile.pretext.segment.push_back(add({3, 1, 4, 6}, {1, 0, 0, 1}));
  tile.pretext.other.push_back(add({3, 5, 2, 6}, {1, 0, 0, 1}));
  tile.pretext.hidden.push_back(add({2}, {1}));
  tile.pretext.negatives = {0, 2, 5};
  tile.pretext.examples = 2;
  return tile;
}

class PretextGradient : public testing::TestWithParam<Case> {
 protected:
  PretextGradient() : pretext_(GetParam().options, attributes_, kAttributes) {
    ModelOptions options;
    options.block = "post-norm";
    options.hidden_size = 8;
    options.num_heads = 2;
    options.max_length = 5;
    options.dropout = 0.3;
    options.tie_embeddings = GetParam().tied;
    options.attributes = GetParam().attributes ? AttributeUse::add : AttributeUse::none;
    options.output_bias = GetParam().bias;
    options.resolve();
    model_ =
        make_model(options, kItems, 5, test::some_attributes(kItems), pretext_.tensors(options));
    test::roughen(model_->parameters());
    model_->compose(pool_);
  }

  template <typename T>
  TileGradients<T> run(const WeightViews<T>& weights) {
    const test::ComposedViews<T> read(*model_, weights);
    TileGradients<T> gradients =
        run_pretext_tile(*model_, read.views(), pretext_, tile_, {3, 1, tile_.pretext.examples});
    hand_back(*model_, weights, gradients, pool_);
    return gradients;
  }

  // An attribute twice, one of nobody, an item without.
  const Jagged<int32_t> attributes_{{0, 2, 0, 1, 2, 2, 0, 1}, {0, 2, 3, 3, 4, 6, 7, 8}};
  WorkerPool pool_{2};
  Pretext pretext_;
  std::unique_ptr<Model> model_;
  const Tile tile_ = two_examples();
};

TEST_P(PretextGradient, EqualsFiniteDifferences) {
  test::DoubleWeights weights(model_->parameters());
  const WeightViews<double> views = weights.views();
  TileGradients<double> gradients = run(views);
  EXPECT_GT(gradients.loss, 0.05);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const std::vector<double> gradient = test::gradient_of(*model_, i, gradients);
    std::vector<double>& values = weights[i];
    ASSERT_EQ(gradient.size(), values.size());
    for (size_t e = 0; e < values.size();
         e += std::max<size_t>(1, values.size() / test::kEntries)) {
      const double slope =
          test::central_difference(values[e], 3e-6, [&] { return run(views).loss; });
      EXPECT_NEAR(gradient[e], slope, 4e-8 * (1 + std::abs(slope)))
          << model_->parameters()[i].name << " " << e;
    }
  }
}

TEST_P(PretextGradient, OfTheKernelsIsThatOfTheirTwins) {
  const test::DoubleWeights weights(model_->parameters());
  TileGradients<double> twins = run(weights.views());
  TileGradients<float> kernels = run(model_->parameters().trained());
  EXPECT_NEAR(kernels.loss, twins.loss, 1e-5 * twins.loss);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const std::vector<double> wanted = test::gradient_of(*model_, i, twins);
    const std::vector<double> found = test::gradient_of(*model_, i, kernels);
    for (size_t e = 0; e < wanted.size(); ++e) {
      EXPECT_NEAR(found[e], wanted[e], 2e-6 + 1e-4 * std::abs(wanted[e]))
          << model_->parameters()[i].name << " " << e;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Losses, PretextGradient,
    testing::Values(Case{"All", only(0.2, 1, 1, 0.5)},
                    Case{"Probabilities", only(0.2, 1, 1, 0.5, PairScores::probabilities)},
                    Case{"Untied", only(0.2, 1, 1, 0.5), false},
                    Case{"Attributes", only(0.2, 1, 1, 0.5), false, true},
                    Case{"Bias", only(0.2, 1, 1, 0.5), true, false, true},
                    Case{"AttributesAndBias", only(0.2, 1, 1, 0.5), false, true, true},
                    Case{"Aap", only(1, 0, 0, 0)}, Case{"Mip", only(0, 1, 0, 0)},
                    Case{"Map", only(0, 0, 1, 0)}, Case{"Sp", only(0, 0, 0, 1)}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
