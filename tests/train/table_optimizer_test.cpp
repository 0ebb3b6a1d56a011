// SPDX-License-Identifier: Apache-2.0
// Rules for tables: deferred Adam against dense Adam, the inexact rules against their formulas.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include "base/random.h"
#include "net/initialise.h"
#include "train/optimise/optimizer.h"

namespace truenext {
namespace {

constexpr int64_t kRows = 200;
constexpr int64_t kDim = 20;

struct Problem {
  ParameterSet parameters{std::vector<TensorInfo>{{"table", {kRows, kDim}, Start::table}}};
  TrainOptions options;
  RandomStream random{random_key(4, Purpose::simulate)};

  Problem() { fill_normal(parameters[0], 1, 0, 0.1); }

  const float* values() const { return parameters[0].value.data(); }

  /// Gradient of a few rows, of every row when `step` is a multiple of 50.
  TileGradients<float> gradient(int step) {
    std::set<int32_t> rows;
    const int64_t count = step % 50 == 0 ? kRows : 4;
    while (static_cast<int64_t>(rows.size()) < count) {
      rows.insert(static_cast<int32_t>(random.below(kRows)));
    }
    AlignedVector<float> values(rows.size() * kDim);
    for (float& value : values) value = static_cast<float>(random.normal());
    TileGradients<float> g(parameters);
    g.tables[0].set_rows({rows.begin(), rows.end()}, std::move(values));
    if (step % 100 == 0) g.tables[0].make_dense();
    return g;
  }
};

bool same(const Tensor& a, const Tensor& b) {
  return a.shape == b.shape &&
         std::memcmp(a.data(), b.data(), a.values.size() * sizeof(float)) == 0;
}

class DeferredAdamTest : public testing::TestWithParam<int> {};

TEST_P(DeferredAdamTest, GivesTheBitsOfDenseAdam) {
  for (const double decay : {0.0, 0.01}) {
    Problem dense, deferred;
    dense.options.weight_decay = deferred.options.weight_decay = decay;
    Adam a(dense.parameters, dense.options);
    Adam b(deferred.parameters, deferred.options);
    a.keep_average(0.99);
    b.keep_average(0.99);
    b.defer(0);
    WorkerPool one(1);
    WorkerPool pool(GetParam());
    for (int step = 1; step <= 330; ++step) {
      const double rate = 1e-3 * (1 + std::sin(0.1 * step));
      auto g = dense.gradient(step);
      auto h = deferred.gradient(step);
      const std::vector<int32_t> read = {step % 7, static_cast<int32_t>(kRows) - 1, step % 7};
      pool.run(3, [&](int64_t, int) { b.catch_up(0, read); });
      for (const int32_t row : read) {
        ASSERT_EQ(0, std::memcmp(dense.values() + row * kDim, deferred.values() + row * kDim,
                                 kDim * sizeof(float)))
            << step;
      }
      a.step(g, rate, one);
      b.step(h, rate, pool);
      if (step % 120 == 0) {
        b.catch_up_all(pool);
        ASSERT_TRUE(same(dense.parameters[0].value, deferred.parameters[0].value)) << step;
      }
    }
    EXPECT_FALSE(same(dense.parameters[0].value, deferred.parameters[0].value));  // rows are behind
    b.catch_up_all(pool);
    EXPECT_TRUE(same(dense.parameters[0].value, deferred.parameters[0].value));
    ASSERT_EQ(a.state(0).size(), 3u);  // moments and the average
    for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(same(*a.state(0)[i].tensor, *b.state(0)[i].tensor));
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, DeferredAdamTest, testing::Values(1, 2, 3));

/// The rules in double, row by row, one gradient after the other.
struct PlainRule {
  bool adagrad;
  std::vector<double> p, m, v, sums;
  int64_t t = 0;

  explicit PlainRule(const Problem& problem, bool is_adagrad)
      : adagrad(is_adagrad),
        p(problem.values(), problem.values() + kRows * kDim),
        m(p.size()),
        v(p.size()),
        sums(kRows) {}

  void row(int64_t number, const float* g, double rate) {
    double squares = 0;
    for (int64_t c = 0; c < kDim; ++c) squares += double{g[c]} * g[c];
    if (squares == 0) return;
    sums[number] += squares / kDim;
    for (int64_t c = 0; c < kDim; ++c) {
      const int64_t i = number * kDim + c;
      if (adagrad) {
        p[i] -= rate * g[c] / (std::sqrt(sums[number]) + 1e-8);
        continue;
      }
      m[i] = 0.9 * m[i] + 0.1 * g[c];
      v[i] = 0.999 * v[i] + 0.001 * g[c] * g[c];
      const double root = std::sqrt(v[i] / (1 - std::pow(0.999, t)));
      p[i] -= rate / (1 - std::pow(0.9, t)) * m[i] / (root + 1e-8);
    }
  }
  void step(TableGradient<float> g, double rate) {
    ++t;
    const auto values = g.make_dense();
    for (int64_t r = 0; r < kRows; ++r) row(r, values.data() + r * kDim, rate);
  }
};

class TableRule : public testing::TestWithParam<std::tuple<TableOptimizer, int>> {};

TEST_P(TableRule, FollowsItsFormulaAndLeavesOtherRowsAlone) {
  const auto& [rule, threads] = GetParam();
  Problem problem;
  problem.options.table_optimizer = rule;
  PlainRule plain(problem, rule == TableOptimizer::rowwise_adagrad);
  Adam adam(problem.parameters, problem.options);
  adam.defer(0);  // means nothing to these rules
  EXPECT_FALSE(adam.deferred(0));
  WorkerPool pool(threads);
  const std::vector<float> start(problem.values(), problem.values() + kRows * kDim);
  std::set<int32_t> touched;
  for (int step = 1; step <= 30; ++step) {
    auto g = problem.gradient(step);
    touched.insert(g.tables[0].rows().begin(), g.tables[0].rows().end());
    plain.step(g.tables[0], 0.01);
    adam.step(g, 0.01, pool);
  }
  for (int64_t i = 0; i < kRows * kDim; ++i) {
    ASSERT_NEAR(problem.values()[i], plain.p[i], 2e-6) << i;
    if (touched.count(static_cast<int32_t>(i / kDim)) == 0) {
      ASSERT_EQ(problem.values()[i], start[i]);
    }
  }
}

TEST_P(TableRule, DoesNotDependOnHowAGradientIsStoredNorOnThreads) {
  const auto& [rule, threads] = GetParam();
  Problem sparse, dense;
  sparse.options.table_optimizer = dense.options.table_optimizer = rule;
  Adam a(sparse.parameters, sparse.options);
  Adam b(dense.parameters, dense.options);
  WorkerPool one(1), pool(threads);
  for (int step = 1; step <= 20; ++step) {
    auto g = sparse.gradient(step);
    auto h = dense.gradient(step);
    h.tables[0].make_dense();
    a.step(g, 0.01, one);
    b.step(h, 0.01, pool);
  }
  EXPECT_TRUE(same(sparse.parameters[0].value, dense.parameters[0].value));
}

INSTANTIATE_TEST_SUITE_P(All, TableRule,
                         testing::Combine(testing::Values(TableOptimizer::lazy_adam,
                                                          TableOptimizer::rowwise_adagrad),
                                          testing::Values(1, 2, 3)));

}  // namespace
}  // namespace truenext
