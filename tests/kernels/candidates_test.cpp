// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"
#include "support/sanitizers.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::numeric_gradient;
using testing::random_ids;
using testing::random_values;
using testing::same_bits;
using testing::weighted_sum;

struct Case {
  int64_t rows, count, dim;
  uint32_t items;
};

// Small and large tables, so that every way of sorting the pairs is taken.
const std::vector<Case> kCases = {{0, 5, 8, 10},        {1, 1, 1, 1},       {3, 0, 8, 10},
                                  {1, 7, 7, 3},         {9, 8, 9, 5},       {7, 31, 31, 40},
                                  {31, 9, 64, 1000},    {64, 33, 50, 64},   {100, 17, 100, 7},
                                  {33, 257, 128, 3416}, {20, 2, 64, 50000}, {5, 300, 64, 200000},
                                  {2, 3, 200, 4},       {300, 40, 16, 90}};

TEST(GatherScores, EqualsReference) {
  for (const Case& c : kCases) {
    if (test::kSanitized && c.rows * c.count * c.dim > 100000) continue;
    const auto states = random_values(c.rows * c.dim, 1);
    const auto table = random_values(c.items * c.dim, 2);
    const auto ids = random_ids(c.rows * c.count, c.items, 3);
    std::vector<float> scores(ids.size(), -1), expected(ids.size());
    gather_scores(c.rows, c.count, c.dim, states.data(), table.data(), ids.data(), scores.data());
    reference::gather_scores(c.rows, c.count, c.dim, states.data(), table.data(), ids.data(),
                             expected.data());
    EXPECT_LT(difference(scores, expected), 2e-6) << c.rows << " x " << c.count << " x " << c.dim;
  }
}

TEST(GatherScores, BackwardEqualsReference) {
  for (const Case& c : kCases) {
    if (test::kSanitized && c.rows * c.count * c.dim > 100000) continue;
    const auto states = random_values(c.rows * c.dim, 1);
    const auto table = random_values(c.items * c.dim, 2);
    const auto ids = random_ids(c.rows * c.count, c.items, 3);
    const auto grad = random_values(c.rows * c.count, 4);
    auto state_grad = random_values(c.rows * c.dim, 5), state_grad0 = state_grad;
    auto table_grad = random_values(c.items * c.dim, 6), table_grad0 = table_grad;
    gather_scores_backward(c.rows, c.count, c.dim, states.data(), table.data(), ids.data(),
                           grad.data(), state_grad.data(), table_grad.data());
    reference::gather_scores_backward(c.rows, c.count, c.dim, states.data(), table.data(),
                                      ids.data(), grad.data(), state_grad0.data(),
                                      table_grad0.data());
    EXPECT_LT(difference(state_grad, state_grad0), 2e-6) << c.rows << " x " << c.count;
    EXPECT_LT(difference(table_grad, table_grad0), 2e-6) << c.rows << " x " << c.count;
  }
}

TEST(GatherScores, OneItemForEverybody) {
  const int64_t rows = 50, count = 20, dim = 24;
  const auto states = random_values(rows * dim, 1);
  const auto table = random_values(3 * dim, 2);
  const std::vector<int32_t> ids(static_cast<size_t>(rows * count), 2);
  const auto grad = random_values(rows * count, 3);
  std::vector<float> state_grad(states.size()), table_grad(table.size());
  auto state_grad0 = state_grad, table_grad0 = table_grad;
  gather_scores_backward(rows, count, dim, states.data(), table.data(), ids.data(), grad.data(),
                         state_grad.data(), table_grad.data());
  reference::gather_scores_backward(rows, count, dim, states.data(), table.data(), ids.data(),
                                    grad.data(), state_grad0.data(), table_grad0.data());
  EXPECT_LT(difference(state_grad, state_grad0), 2e-6);
  EXPECT_LT(difference(table_grad, table_grad0), 3e-6);
}

TEST(GatherScores, RowDoesNotDependOnItsBatch) {
  const int64_t rows = 40, count = 33, dim = 50;
  const auto states = random_values(rows * dim, 1);
  const auto table = random_values(100 * dim, 2);
  const auto ids = random_ids(rows * count, 100, 3);
  const auto grad = random_values(rows * count, 4);
  std::vector<float> together(ids.size()), alone(ids.size());
  std::vector<float> state_grad(states.size()), state_grad_alone(states.size());
  std::vector<float> table_grad(table.size());
  gather_scores(rows, count, dim, states.data(), table.data(), ids.data(), together.data());
  gather_scores_backward(rows, count, dim, states.data(), table.data(), ids.data(), grad.data(),
                         state_grad.data(), table_grad.data());
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t at = r * count;
    gather_scores(1, count, dim, states.data() + r * dim, table.data(), ids.data() + at,
                  alone.data() + at);
    gather_scores_backward(1, count, dim, states.data() + r * dim, table.data(), ids.data() + at,
                           grad.data() + at, state_grad_alone.data() + r * dim, table_grad.data());
  }
  EXPECT_TRUE(same_bits(together, alone));
  EXPECT_TRUE(same_bits(state_grad, state_grad_alone));
}

TEST(GatherScores, ReferenceGradientMatchesFiniteDifferences) {
  const int64_t rows = 3, count = 4, dim = 5;
  auto states = random_values<double>(rows * dim, 1);
  auto table = random_values<double>(6 * dim, 2);
  const auto ids = random_ids(rows * count, 6, 3);
  const auto grad = random_values<double>(rows * count, 4);
  const auto loss = [&] {
    std::vector<double> scores(ids.size());
    reference::gather_scores(rows, count, dim, states.data(), table.data(), ids.data(),
                             scores.data());
    return weighted_sum(scores, grad);
  };
  std::vector<double> state_grad(states.size()), table_grad(table.size());
  reference::gather_scores_backward(rows, count, dim, states.data(), table.data(), ids.data(),
                                    grad.data(), state_grad.data(), table_grad.data());
  EXPECT_LT(difference(state_grad, numeric_gradient(states, loss)), 1e-8);
  EXPECT_LT(difference(table_grad, numeric_gradient(table, loss)), 1e-8);
}

}  // namespace
}  // namespace truenext::kernels
