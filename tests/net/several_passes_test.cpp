// SPDX-License-Identifier: Apache-2.0
// A loss of several passes, as contrastive terms and pairs of views need: passes over different
// inputs share an arena and the gradients of their weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "net/network_run.h"
#include "support/differences.h"
#include "support/network_cases.h"
#include "support/sanitizers.h"

namespace truenext {
namespace {

using net::RowsGradient;
using net::Wanted;

constexpr int64_t kItems = 9;
/// Tokens of the first input; rows of it and tokens of the second whose states are multiplied.
const std::vector<int32_t> kWanted = {1, 3, 4, 6};
const std::vector<std::pair<int, int>> kPairs = {{0, 6}, {1, 2}, {2, 2}, {3, 0}};
/// Of the squares of the first input's states: a second loss on the same rows.
const std::vector<double> kShares = {0.5, -0.2, 0, 0.3};

class SeveralPasses : public testing::TestWithParam<test::NetworkCase> {
 protected:
  SeveralPasses() : model_(make_model(GetParam().options, kItems, 5)) {
    test::roughen(model_->parameters());
  }

  /// Adds its gradients to `gradients` where given.
  double loss(const WeightViews<double>& weights, test::DoubleWeights* gradients) const {
    const int64_t width = model_->options().hidden_size;
    net::Arena& arena = arena_;
    arena.reset();
    if (gradients) test::soil(arena);  // of values alone it would be most of the work
    test::NetworkPass<double> a(*model_, weights, first_, {true, 3, 1}, Wanted::list(kWanted),
                                arena);
    test::NetworkPass<double> b(*model_, weights, second_, {true, 3, 2}, Wanted::all(), arena);
    std::vector<double> product_a(a.states.size()), squares_a(a.states.size()),
        product_b(b.states.size());
    double sum = 0;
    for (const auto& [row, other] : kPairs) {
      for (int64_t c = 0; c < width; ++c) {
        const double left = a.values()[row * width + c], right = b.values()[other * width + c];
        sum += left * right;
        product_a[row * width + c] += right;
        product_b[other * width + c] += left;
      }
    }
    for (int64_t i = 0; i < a.states.size(); ++i) {
      sum += kShares[i / width] * a.values()[i] * a.values()[i];
      squares_a[i] = 2 * kShares[i / width] * a.values()[i];
    }
    if (gradients == nullptr) return sum;
    const RowsGradient<double> of_a[] = {{a.states, product_a.data()},
                                         {a.states, squares_a.data()}};
    const RowsGradient<double> of_b[] = {{b.states, product_b.data()}};
    a.pass.backward(of_a);
    b.pass.backward(of_b);
    test::add_lookups(a.pass, *gradients);
    test::add_lookups(b.pass, *gradients);
    return sum;
  }

  std::unique_ptr<Model> model_;
  mutable net::Arena arena_;
  const test::Sequences first_{{{3, 1, 4, 1}, {2, 7, 0}}};
  const test::Sequences second_{{{8, 1}, {6, 5, 3, 5, 8}}, 200};
};

TEST_P(SeveralPasses, GradientsEqualFiniteDifferences) {
  test::DoubleWeights weights(model_->parameters());
  auto gradients = test::DoubleWeights::zeros(model_->parameters());
  const WeightViews<double> views = weights.views(gradients);
  loss(views, &gradients);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    std::vector<double>& values = weights[i];
    for (size_t e = 0; e < values.size();
         e += std::max<size_t>(1, values.size() / test::kEntries)) {
      const double slope =
          test::central_difference(values[e], 1e-6, [&] { return loss(views, nullptr); });
      EXPECT_NEAR(gradients[i][e], slope, 1e-7 * (1 + std::abs(slope)))
          << model_->parameters()[i].name << " " << e;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SeveralPasses,
                         testing::ValuesIn(test::network_cases(test::tiny_network())),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
