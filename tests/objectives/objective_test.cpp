// SPDX-License-Identifier: Apache-2.0
#include "objectives/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/used_rows.h"
#include "objectives/full_catalogue.h"
#include "support/differences.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 5;

Tile small_tile() {
  Tile tile;
  tile.sequences.add_row(std::vector<int32_t>{3, 1, 4});
  tile.sequences.add_row(std::vector<int32_t>{2, 7});
  tile.streams = {10, 11};
  const std::vector<int32_t> next = {1, 4, 9, 7, 5};
  for (int32_t row = 0; row < 5; ++row) {
    tile.targets.rows.push_back(row);
    tile.targets.items.push_back(next[row]);
    tile.targets.weights.push_back(1.0f);
    tile.targets.offsets.push_back(row + 1);
  }
  return tile;
}

std::vector<double> random_values(int64_t n, uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<double> values(static_cast<size_t>(n));
  for (double& value : values) value = random.normal();
  return values;
}

struct SmallProblem {
  Tile tile = small_tile();
  int64_t items;
  std::vector<double> states, table;

  explicit SmallProblem(int64_t num_items)
      : items(num_items),
        states(random_values(tile.tokens() * kDim, 1)),
        table(random_values(num_items * kDim, 2)) {}

  double run(const Objective& objective, std::vector<double>& state_grad,
             TableGradient<double>& table_grad, uint64_t step = 0) const {
    ObjectiveInput<double> input;
    input.states = states.data();
    input.table = table.data();
    input.dim = kDim;
    input.tile = &tile;
    input.divisor = tile.targets.size();
    input.seed = 7;
    input.step = step;
    state_grad.resize(states.size());
    return objective.evaluate(input, state_grad.data(), table_grad);
  }
  double loss(const Objective& objective) const {
    std::vector<double> state_grad;
    TableGradient<double> table_grad(items, kDim);
    return run(objective, state_grad, table_grad);
  }
};

ObjectiveOptions options(const std::string& criterion, CandidateSet candidates) {
  ObjectiveOptions o;
  o.criterion = criterion;
  o.candidates = candidates;
  o.negatives = 6;
  return o;
}

class EveryObjective
    : public testing::TestWithParam<std::tuple<std::string, CandidateSet, int64_t>> {};

TEST_P(EveryObjective, GradientsEqualFiniteDifferences) {
  const auto& [criterion, candidates, items] = GetParam();
  SmallProblem problem(items);
  const Objective objective(options(criterion, candidates), items);
  std::vector<double> state_grad;
  TableGradient<double> table_grad(items, kDim);
  problem.run(objective, state_grad, table_grad);
  const std::vector<double> dense(table_grad.make_dense().begin(), table_grad.make_dense().end());

  const auto slope = [&](double& value) {
    return test::central_difference(value, 1e-5, [&] { return problem.loss(objective); });
  };
  for (size_t i = 0; i < problem.states.size(); ++i) {
    EXPECT_NEAR(state_grad[i], slope(problem.states[i]), 1e-8);
  }
  for (size_t i = 0; i<problem.table.size(); i += items> 100 ? 7 : 1) {
    EXPECT_NEAR(dense[i], slope(problem.table[i]), 1e-8);
  }
}

// 12 items: the table gradient is dense; 400 items: the table is narrowed to the rows in use.
INSTANTIATE_TEST_SUITE_P(All, EveryObjective,
                         testing::Combine(testing::Values("bce", "bce-mean", "gbce", "softmax",
                                                          "bpr", "bpr-max", "top1", "top1-max"),
                                          testing::Values(CandidateSet::full,
                                                          CandidateSet::uniform),
                                          testing::Values(12, 400)));

TEST_P(EveryObjective, TemperatureDividesScores) {
  const auto& [criterion, candidates, items] = GetParam();
  SmallProblem problem(items);
  const Objective plain(options(criterion, candidates), items);
  ObjectiveInput<double> input;
  input.table = problem.table.data();
  input.dim = kDim;
  input.tile = &problem.tile;
  input.divisor = 5;
  std::vector<double> divided = problem.states, expected(divided.size()), grad(divided.size());
  for (double& value : divided) value /= 4;
  TableGradient<double> expected_table(items, kDim), table(items, kDim);
  input.states = divided.data();
  const double loss = plain.evaluate(input, expected.data(), expected_table);
  input.states = problem.states.data();
  input.temperature = 4;
  EXPECT_NEAR(plain.evaluate(input, grad.data(), table), loss, 1e-14);
  for (size_t i = 0; i < grad.size(); ++i) EXPECT_NEAR(4 * grad[i], expected[i], 1e-14);
  const auto rows = table.make_dense(), expected_rows = expected_table.make_dense();
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_NEAR(rows[i], expected_rows[i], 1e-14);
}

/// A tile of two sequences whose loss with the full catalogue is made both ways.
template <typename T>
struct FullProblem {
  Tile tile = small_tile();
  int64_t items;
  std::vector<T> states, table, state_grad;
  TableGradient<T> table_grad;

  explicit FullProblem(int64_t num_items, double spread = 1) : items(num_items) {
    tile.targets.offsets = {0, 2, 3, 4, 5};  // the first query has two positives
    tile.targets.rows.pop_back();
    tile.targets.weights[1] = 0.5f;
    for (const double v : random_values(tile.tokens() * kDim, 1)) states.push_back(T(spread * v));
    for (const double v : random_values(items * kDim, 2)) table.push_back(T(v));
    state_grad.assign(states.size(), T(0));
    table_grad = TableGradient<T>(items, kDim);
  }
  /// By rows when piece_items is 0.
  double run(const Criterion& criterion, int64_t piece_items) {
    ObjectiveInput<T> input;
    input.states = states.data();
    input.table = table.data();
    input.dim = kDim;
    input.tile = &tile;
    input.divisor = 4;
    if (piece_items == 0) return full_by_rows(criterion, input, state_grad.data(), table_grad);
    return full_by_pieces(criterion, input, piece_items, state_grad.data(), table_grad);
  }
};

TEST(FullCatalogue, PiecesGiveWhatWholeRowsGive) {
  for (const char* name : {"softmax", "bce", "bce-mean", "bce-published", "gbce"}) {
    for (const int64_t items : {10, 64, 333}) {
      const auto criterion = find_criterion(name).make({items, items - 1, 0.75, false});
      for (const int64_t piece : {1, 7, 64, 1000}) {
        FullProblem<double> rows(items), pieces(items);
        EXPECT_NEAR(rows.run(*criterion, 0), pieces.run(*criterion, piece), 1e-12) << name;
        for (size_t i = 0; i < rows.state_grad.size(); ++i) {
          EXPECT_NEAR(rows.state_grad[i], pieces.state_grad[i], 1e-12);
        }
        for (size_t i = 0; i < rows.table.size(); ++i) {
          EXPECT_NEAR(rows.table_grad.values()[i], pieces.table_grad.values()[i], 1e-12);
        }
      }
    }
  }
}

TEST(FullCatalogue, PiecesOfFloatsAgreeWithDoubleAndStandLargeScores) {
  for (const double spread : {1.0, 300.0}) {
    const auto criterion = find_criterion("softmax").make({5000, 4999, 0, false});
    FullProblem<double> exact(5000, spread);
    FullProblem<float> fast(5000, spread);
    const double loss = exact.run(*criterion, 0);
    EXPECT_NEAR(fast.run(*criterion, 512), loss, 1e-6 * loss);
    for (size_t i = 0; i < exact.table.size(); ++i) {
      ASSERT_NEAR(fast.table_grad.values()[i], exact.table_grad.values()[i], 3e-6 * spread);
    }
    for (size_t i = 0; i < exact.state_grad.size(); ++i) {
      EXPECT_NEAR(fast.state_grad[i], exact.state_grad[i], 1e-5 * spread);
    }
  }
}

TEST(Objective, SampledGradientsTouchOnlyCandidateRows) {
  SmallProblem problem(4000);
  const Objective objective(options("bce", CandidateSet::uniform), 4000);
  std::vector<double> state_grad;
  TableGradient<double> table_grad(4000, kDim);
  problem.run(objective, state_grad, table_grad);
  EXPECT_FALSE(table_grad.dense());
  EXPECT_LE(table_grad.rows().size(), 5u * 7u);
  EXPECT_TRUE(std::is_sorted(table_grad.rows().begin(), table_grad.rows().end()));
}

TEST(Objective, FullSoftmaxOfEqualScoresIsTheLogOfTheCatalogue) {
  SmallProblem problem(50);
  std::fill(problem.table.begin(), problem.table.end(), 0.0);
  EXPECT_NEAR(problem.loss(Objective(options("softmax", CandidateSet::full), 50)), std::log(50.0),
              1e-12);
}

TEST(Objective, NegativesAreFreshInEveryStepAndRepeatableWithinOne) {
  SmallProblem problem(400);
  const Objective objective(options("bce", CandidateSet::uniform), 400);
  std::vector<double> grad;
  TableGradient<double> a(400, kDim), b(400, kDim), c(400, kDim);
  const double first = problem.run(objective, grad, a, 0);
  EXPECT_EQ(first, problem.run(objective, grad, b, 0));
  EXPECT_NE(first, problem.run(objective, grad, c, 1));
}

TEST(Objective, RefusesCombinationsWithoutMeaning) {
  ObjectiveOptions o = options("softmax", CandidateSet::full);
  o.exclude = Exclusion::positive;
  EXPECT_THROW(Objective(o, 10), Error);
  o = options("bce", CandidateSet::uniform);
  o.gbce_form = GbceForm::clamped;
  EXPECT_THROW(Objective(o, 10), Error);
  EXPECT_THROW(Objective(options("bce", CandidateSet::uniform), 1), Error);
  o = options("bpr", CandidateSet::uniform);
  o.bpr_max_reg = 0.5;
  EXPECT_THROW(Objective(o, 10), Error);
}

TEST(Objective, SaysItsName) {
  EXPECT_EQ(Objective(options("softmax", CandidateSet::full), 10).name(),
            "CE, full catalogue, all positions");
  EXPECT_EQ(Objective(options("gbce", CandidateSet::uniform), 10).name(),
            "gBCE(t=0.75), 6 uniform negatives, all positions");
}

TEST(TableGradient, SumsDoNotDependOnHowTheyAreStored) {
  const std::vector<int32_t> left = {5, 1, 5}, right = {1, 9};
  const std::vector<float> left_values = {1, 2, 3, 4, 5, 6}, right_values = {10, 20, 30, 40};
  TableGradient<float> sparse(100, 2), other(100, 2);
  sparse.add_rows(left, left_values.data());
  other.add_rows(right, right_values.data());
  TableGradient<float> dense = sparse;
  dense.make_dense();
  sparse.add(other);
  dense.add(other);
  EXPECT_FALSE(sparse.dense());
  EXPECT_TRUE(dense.dense());
  EXPECT_EQ(std::vector<int32_t>(sparse.rows().begin(), sparse.rows().end()),
            (std::vector<int32_t>{1, 5, 9}));
  const auto from_sparse = sparse.make_dense();
  const auto from_dense = dense.make_dense();
  EXPECT_TRUE(std::equal(from_sparse.begin(), from_sparse.end(), from_dense.begin()));
  EXPECT_EQ(from_dense[2 * 5], 6.0f);
  EXPECT_EQ(from_dense[2 * 1 + 1], 24.0f);
}

TEST(TableGradient, SumsAreTheSameInEitherOrder) {
  RandomStream random(random_key(3, Purpose::simulate));
  for (const int64_t rows : {6, 40, 100}) {  // dense at once, by adding up, never
    const auto draw = [&](size_t n) {
      TableGradient<float> g(rows, 3);
      std::vector<int32_t> ids(n);
      std::vector<float> values(3 * n);
      for (int32_t& id : ids) id = static_cast<int32_t>(random.below(static_cast<uint32_t>(rows)));
      for (float& value : values) value = static_cast<float>(random.normal());
      g.add_rows(ids, values.data());
      return g;
    };
    for (int i = 0; i < 20; ++i) {
      const TableGradient<float> a = draw(5), b = draw(7);
      TableGradient<float> ab = a, ba = b, dense = a;
      ab.add(b);
      ba.add(a);
      dense.make_dense();
      dense.add(b);
      const auto x = ab.make_dense(), y = ba.make_dense(), z = dense.make_dense();
      EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin()));
      EXPECT_TRUE(std::equal(x.begin(), x.end(), z.begin()));
    }
  }
}

TEST(NumberUsedRows, NamesDistinctRowsInOrderAndRenumbers) {
  RandomStream random(random_key(9, Purpose::simulate));
  for (const int64_t rows : {1, 63, 64, 65, 1000}) {
    std::vector<int32_t> ids(200);
    for (int32_t& id : ids) id = static_cast<int32_t>(random.below(static_cast<uint32_t>(rows)));
    ids[7] = static_cast<int32_t>(rows - 1);
    const std::vector<int32_t> original = ids;
    const std::vector<int32_t> used = number_used_rows(ids, rows);
    const std::set<int32_t> expected(original.begin(), original.end());
    EXPECT_TRUE(std::equal(used.begin(), used.end(), expected.begin(), expected.end()));
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(used.at(ids[i]), original[i]);
  }
}

}  // namespace
}  // namespace truenext
