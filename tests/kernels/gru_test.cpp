// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::kSizes;
using testing::numeric_gradient;
using testing::random_values;
using testing::same_bits;
using testing::weighted_sum;

TEST(GruGates, EqualReferenceForwardAndBackward) {
  for (const int64_t rows : {0, 1, 9}) {
    for (const int64_t hidden : kSizes) {
      const auto x = random_values(rows * 3 * hidden, 1, 2);
      const auto h = random_values(rows * 3 * hidden, 2, 2);
      const auto previous = random_values(rows * hidden, 3);
      auto state = previous, state0 = previous;
      std::vector<float> saved(static_cast<size_t>(rows * 4 * hidden)), saved0(saved);
      gru_gates(rows, hidden, x.data(), h.data(), state.data(), saved.data());
      reference::gru_gates(rows, hidden, x.data(), h.data(), state0.data(), saved0.data());
      EXPECT_LT(difference(state, state0), 5e-7);
      EXPECT_LT(difference(saved, saved0), 5e-7);

      auto grad = random_values(rows * hidden, 4), grad0 = grad;
      std::vector<float> x_grad(x.size()), h_grad(x.size()), x_grad0(x.size()), h_grad0(x.size());
      gru_gates_backward(rows, hidden, previous.data(), saved0.data(), grad.data(), x_grad.data(),
                         h_grad.data());
      reference::gru_gates_backward(rows, hidden, previous.data(), saved0.data(), grad0.data(),
                                    x_grad0.data(), h_grad0.data());
      EXPECT_LT(difference(grad, grad0), 5e-7);
      EXPECT_LT(difference(x_grad, x_grad0), 5e-7);
      EXPECT_LT(difference(h_grad, h_grad0), 5e-7);
    }
  }
}

TEST(GruGates, StayFiniteForLargeInputs) {
  const std::vector<float> x = {100, -100, 100, -100, 100, -100};
  const std::vector<float> h = {100, -100, -100, 100, 100, -100};
  std::vector<float> state = {0.5f, -0.5f};
  auto expected = state;
  gru_gates(1, 2, x.data(), h.data(), state.data(), nullptr);
  reference::gru_gates<float>(1, 2, x.data(), h.data(), expected.data(), nullptr);
  EXPECT_LT(difference(state, expected), 1e-6);
}

TEST(GruGates, SmallGatesKeepRelativeAccuracy) {
  for (const float input : {1e-6f, -1e-4f, 1e-2f, 0.3f, -0.6f, 0.65f}) {
    const std::vector<float> x = {0, -50, input};  // z = 0: the new state is tanh(input)
    const std::vector<float> h = {0, -50, 0};
    float state = 0;
    gru_gates(1, 1, x.data(), h.data(), &state, nullptr);
    EXPECT_NEAR(state / std::tanh(input), 1, 3e-7);
  }
}

TEST(GruGates, ReferenceGradientMatchesFiniteDifferences) {
  const int64_t rows = 2, hidden = 3;
  auto x = random_values<double>(rows * 3 * hidden, 1);
  auto h = random_values<double>(rows * 3 * hidden, 2);
  auto previous = random_values<double>(rows * hidden, 3);
  const auto out_grad = random_values<double>(rows * hidden, 4);
  std::vector<double> saved(static_cast<size_t>(rows * 4 * hidden));
  const auto loss = [&] {
    auto state = previous;
    reference::gru_gates(rows, hidden, x.data(), h.data(), state.data(), saved.data());
    return weighted_sum(state, out_grad);
  };
  loss();
  auto state_grad = out_grad;
  std::vector<double> x_grad(x.size()), h_grad(x.size());
  reference::gru_gates_backward(rows, hidden, previous.data(), saved.data(), state_grad.data(),
                                x_grad.data(), h_grad.data());
  EXPECT_LT(difference(x_grad, numeric_gradient(x, loss)), 1e-8);
  EXPECT_LT(difference(h_grad, numeric_gradient(h, loss)), 1e-8);
  EXPECT_LT(difference(state_grad, numeric_gradient(previous, loss)), 1e-8);
}

TEST(GruGates, RowDoesNotDependOnItsBatch) {
  const int64_t rows = 7, hidden = 21;
  const auto x = random_values(rows * 3 * hidden, 1);
  const auto h = random_values(rows * 3 * hidden, 2);
  auto together = random_values(rows * hidden, 3);
  auto alone = together;
  gru_gates(rows, hidden, x.data(), h.data(), together.data(), nullptr);
  for (int64_t r = 0; r < rows; ++r) {
    gru_gates(1, hidden, x.data() + r * 3 * hidden, h.data() + r * 3 * hidden,
              alone.data() + r * hidden, nullptr);
  }
  EXPECT_TRUE(same_bits(together, alone));
}

}  // namespace
}  // namespace truenext::kernels
