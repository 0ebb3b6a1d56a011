// SPDX-License-Identifier: Apache-2.0
#include "objectives/bucket_softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "objectives/full_catalogue.h"
#include "objectives/largest.h"
#include "support/differences.h"
#include "support/tiles.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 5;
constexpr int64_t kItems = 60;

std::vector<double> random_values(int64_t n, uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<double> values(static_cast<size_t>(n));
  for (double& value : values) value = random.normal();
  return values;
}

template <typename T>
struct Problem {
  Tile tile = test::next_item_tile({{3, 1, 4, 1, 5, 9}, {2, 7, 1, 8}, {1, 6, 1, 8}});
  std::vector<T> states, table, state_grad;
  TableGradient<T> table_grad{kItems, kDim};
  std::unique_ptr<Criterion> criterion =
      find_criterion("softmax").make({kItems, kItems - 1, 0, false});

  Problem() {
    for (const double v : random_values(tile.tokens() * kDim, 1)) states.push_back(T(v));
    for (const double v : random_values(kItems * kDim, 2)) table.push_back(T(v));
  }
  ObjectiveInput<T> input() {
    state_grad.assign(states.size(), T(0));
    table_grad = TableGradient<T>(kItems, kDim);
    ObjectiveInput<T> in;
    in.states = states.data();
    in.table = table.data();
    in.dim = kDim;
    in.tile = &tile;
    in.divisor = 2 * tile.targets.size();  // another tile of the batch has as many
    in.seed = 7;
    return in;
  }
  double run(const BucketSizes& sizes) {
    const auto in = input();
    return bucket_softmax(*criterion, sizes, in, state_grad.data(), table_grad);
  }
};

TEST(BucketSoftmax, BucketsOfEverythingAreTheFullCrossEntropy) {
  for (const int64_t buckets : {1, 3}) {
    Problem<double> all, full;
    const double loss = all.run({buckets, 1000, 1000});
    const auto in = full.input();
    EXPECT_NEAR(loss, full_by_rows(*full.criterion, in, full.state_grad.data(), full.table_grad),
                1e-12);
    for (size_t i = 0; i < all.state_grad.size(); ++i) {
      EXPECT_NEAR(all.state_grad[i], full.state_grad[i], 1e-12);
    }
    const auto a = all.table_grad.make_dense(), b = full.table_grad.make_dense();
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
  }
}

TEST(BucketSoftmax, GradientsEqualFiniteDifferencesWhileTheBucketsStay) {
  Problem<double> problem;
  const BucketSizes sizes{4, 5, 12};
  problem.run(sizes);
  const std::vector<double> state_grad = problem.state_grad;
  const auto dense = problem.table_grad.make_dense();
  const std::vector<double> table_grad(dense.begin(), dense.end());
  const auto slope = [&](double& value) {
    return test::central_difference(value, 1e-6, [&] { return problem.run(sizes); });
  };
  for (size_t i = 0; i < problem.states.size(); ++i) {
    EXPECT_NEAR(state_grad[i], slope(problem.states[i]), 1e-7) << i;
  }
  for (size_t i = 0; i < problem.table.size(); ++i) {
    EXPECT_NEAR(table_grad[i], slope(problem.table[i]), 1e-7) << i;
  }
}

TEST(BucketSoftmax, FloatAgreesWithDoubleAndTouchesFewRows) {
  Problem<double> exact;
  Problem<float> fast;
  const BucketSizes sizes{2, 3, 4};
  EXPECT_NEAR(fast.run(sizes), exact.run(sizes), 1e-6);
  const auto a = fast.table_grad.make_dense();
  int64_t touched = 0;
  for (int64_t i = 0; i < kItems; ++i) {
    const auto row = a.subspan(static_cast<size_t>(i * kDim), static_cast<size_t>(kDim));
    touched += std::any_of(row.begin(), row.end(), [](float g) { return g != 0; }) ? 1 : 0;
  }
  // At most the items of the buckets and the seven different targets.
  EXPECT_GT(touched, 0);
  EXPECT_LE(touched, sizes.buckets * sizes.items + 7);
  const auto b = exact.table_grad.make_dense();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

TEST(BucketSoftmax, IsAnObjective) {
  ObjectiveOptions options;
  options.candidates = CandidateSet::buckets;
  EXPECT_THROW(Objective(options, kItems), Error);  // gBCE
  options.criterion = "softmax";
  const Objective objective(options, kItems);
  EXPECT_EQ(objective.name(),
            "scalable CE, 48 buckets of 48 positions and 256 items a tile, all positions");
  EXPECT_TRUE(objective.reads_all_items());
}

TEST(BucketSoftmax, AndTheFullCrossEntropyAreFiniteForLargeScores) {
  for (const float scale : {1.0f, 1e2f, 1e4f, 1e6f, 1e8f, 1e10f, 1e12f}) {
    Problem<float> buckets, rows, pieces;
    for (Problem<float>* problem : {&buckets, &rows, &pieces}) {
      for (float& value : problem->states) value *= scale;
    }
    const auto in = rows.input(), by_pieces = pieces.input();
    EXPECT_TRUE(std::isfinite(buckets.run({3, 5, 12}))) << scale;
    EXPECT_TRUE(
        std::isfinite(full_by_rows(*rows.criterion, in, rows.state_grad.data(), rows.table_grad)))
        << scale;
    EXPECT_TRUE(std::isfinite(full_by_pieces(*pieces.criterion, by_pieces, 7,
                                             pieces.state_grad.data(), pieces.table_grad)))
        << scale;
    for (Problem<float>* problem : {&buckets, &rows, &pieces}) {
      const auto table_grad = problem->table_grad.make_dense();
      for (const float g : problem->state_grad) EXPECT_TRUE(std::isfinite(g)) << scale;
      for (const float g : table_grad) EXPECT_TRUE(std::isfinite(g)) << scale;
    }
  }
}

TEST(Largest, KeepsTheLargestAndAmongEqualsTheFirst) {
  RandomStream random(random_key(5, Purpose::simulate));
  for (const int64_t count : {1, 3, 50, 300}) {
    std::vector<float> scores(300);
    for (float& score : scores) score = static_cast<float>(random.below(20));
    Largest<float> largest(count);
    for (size_t i = 0; i < scores.size(); i += 70) {
      largest.show(static_cast<int64_t>(i),
                   std::span(scores).subspan(i, std::min<size_t>(70, scores.size() - i)));
    }
    std::vector<int32_t> order(scores.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
    order.resize(static_cast<size_t>(count));
    std::sort(order.begin(), order.end());
    EXPECT_EQ(largest.take(), order) << count;
  }
}

}  // namespace
}  // namespace truenext
