// SPDX-License-Identifier: Apache-2.0
// The compatibility mode and, beside it, what pairs do with a large catalogue: both are about which
// scores a criterion of pairs gets to see.
#include "objectives/axis_error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "objectives/full_catalogue.h"
#include "support/differences.h"
#include "support/tiles.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 5;

template <typename T>
struct Problem {
  Tile tile = test::next_item_tile({{3, 1, 4, 1}, {2, 7, 5}});
  int64_t items;
  std::vector<T> states, table, state_grad;
  TableGradient<T> table_grad;

  explicit Problem(int64_t num_items) : items(num_items) {
    RandomStream random(random_key(3, Purpose::simulate));
    for (int64_t i = 0; i < tile.tokens() * kDim; ++i) states.push_back(T(random.normal()));
    for (int64_t i = 0; i < items * kDim; ++i) table.push_back(T(random.normal()));
  }
  ObjectiveInput<T> input() {
    state_grad.assign(states.size(), T(0));
    table_grad = TableGradient<T>(items, kDim);
    ObjectiveInput<T> input;
    input.states = states.data();
    input.table = table.data();
    input.dim = kDim;
    input.tile = &tile;
    input.divisor = tile.targets.size();
    input.seed = 7;
    return input;
  }
  double run(const Objective& objective) {
    const ObjectiveInput<T> in = input();
    return objective.evaluate(in, state_grad.data(), table_grad);
  }
};

ObjectiveOptions options(const std::string& criterion) {
  ObjectiveOptions options;
  options.criterion = criterion;
  options.candidates = CandidateSet::uniform;
  options.negatives = 6;
  options.compat = PublishedError::axis_error;
  return options;
}

TEST(AxisError, GradientsEqualFiniteDifferences) {
  for (const char* name :
       {"bpr", "bpr-published", "bpr-max-published", "top1-published", "top1-max-published"}) {
    for (const int64_t items : {12, 400}) {
      Problem<double> problem(items);
      const Objective objective(options(name), items);
      problem.run(objective);
      const std::vector<double> state_grad = problem.state_grad;
      const auto dense = problem.table_grad.make_dense();
      const std::vector<double> table_grad(dense.begin(), dense.end());
      const auto slope = [&](double& value) {
        return test::central_difference(value, 1e-5, [&] { return problem.run(objective); });
      };
      for (size_t i = 0; i < state_grad.size(); ++i) {
        EXPECT_NEAR(state_grad[i], slope(problem.states[i]), 1e-7) << name;
      }
      for (size_t i = 0; i<table_grad.size(); i += items> 100 ? 7 : 1) {
        EXPECT_NEAR(table_grad[i], slope(problem.table[i]), 1e-7) << name;
      }
    }
  }
}

TEST(AxisError, OnlyTheSumOfTheNegativesMatters) {
  // What gives the error away: the loss is that of dim numbers, whatever the number of negatives.
  Problem<double> problem(12);
  const auto criterion = find_criterion("bpr-max-published").make({});
  std::fill(problem.states.begin(), problem.states.end(), 0.0);
  std::vector<int32_t> ids;
  for (int64_t q = 0; q < problem.tile.targets.size(); ++q) {
    ids.insert(ids.end(), {problem.tile.targets.items[q], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  }
  const ObjectiveInput<double> input = problem.input();
  const double loss =
      axis_error(*criterion, input, ids, problem.state_grad.data(), problem.table_grad);
  // -ln(1e-10 + 1/dim * 1/2) with ten negatives: the logged losses of the paper are of this kind.
  EXPECT_NEAR(loss, std::log(2.0 * kDim), 1e-8);
}

TEST(AxisError, IsInTheNameAndNeedsPairs) {
  EXPECT_EQ(Objective(options("bpr-published"), 10).name(),
            "bpr-published, 6 uniform negatives, all positions, published axis-error");
  EXPECT_THROW(Objective(options("bce-published"), 10), Error);
  ObjectiveOptions full = options("bpr-published");
  full.candidates = CandidateSet::full;
  EXPECT_THROW(Objective(full, 10), Error);
}

TEST(WholeRows, OfPairsAreKeptForACatalogueThatOthersSeeInPieces) {
  constexpr int64_t kItems = 20000;  // pieces from 16,385 items on
  for (const char* name : {"bpr", "bpr-max", "top1", "top1-max", "bpr-published"}) {
    const auto criterion = find_criterion(name).make({});
    ASSERT_TRUE(criterion->needs_whole_rows());
    Problem<float> fast(kItems);
    Problem<double> exact(kItems);
    const ObjectiveInput<float> input = fast.input();
    const double loss =
        full_catalogue(*criterion, input, kItems, fast.state_grad.data(), fast.table_grad);
    const ObjectiveInput<double> same = exact.input();
    const double expected =
        full_by_rows(*criterion, same, exact.state_grad.data(), exact.table_grad);
    EXPECT_NEAR(loss, expected, 1e-5 * expected) << name;
    for (size_t i = 0; i < exact.state_grad.size(); ++i) {
      EXPECT_NEAR(fast.state_grad[i], exact.state_grad[i], 1e-5) << name;
    }
    for (size_t i = 0; i < exact.table.size(); ++i) {
      ASSERT_NEAR(fast.table_grad.values()[i], exact.table_grad.values()[i], 1e-6) << name;
    }
  }
}

}  // namespace
}  // namespace truenext
