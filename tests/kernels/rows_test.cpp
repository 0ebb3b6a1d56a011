// SPDX-License-Identifier: Apache-2.0
#include <limits>

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

TEST(LayerNorm, EqualsReference) {
  for (const int64_t rows : kSizes) {
    for (const int64_t dim : {1, 7, 8, 9, 31, 64, 100, 128, 1000}) {
      const auto x = random_values(rows * dim, 1, 3);
      const auto weight = random_values(dim, 2);
      const auto bias = random_values(dim, 3);
      std::vector<float> y(x.size()), y0(x.size());
      std::vector<float> mean(static_cast<size_t>(rows)), rstd(mean), mean0(mean), rstd0(mean);
      layer_norm(rows, dim, x.data(), weight.data(), bias.data(), 1e-5f, y.data(), mean.data(),
                 rstd.data());
      reference::layer_norm(rows, dim, x.data(), weight.data(), bias.data(), 1e-5, y0.data(),
                            mean0.data(), rstd0.data());
      EXPECT_LT(difference(mean, mean0), 1e-6);
      if (dim == 1) continue;  // the row is x - mean(x): rounding times 1 / sqrt(epsilon)
      EXPECT_LT(difference(y, y0), 3e-6) << rows << " x " << dim;
      EXPECT_LT(difference(rstd, rstd0), 2e-6);
      layer_norm(rows, dim, x.data(), weight.data(), bias.data(), 1e-5f, y0.data(), nullptr,
                 nullptr);
      EXPECT_TRUE(same_bits(y, y0));
    }
  }
}

TEST(LayerNorm, BackwardEqualsReferenceAndMayOverwriteItsInput) {
  for (const int64_t rows : {1, 7, 64}) {
    for (const int64_t dim : {2, 9, 31, 64, 100}) {
      const auto x = random_values(rows * dim, 1);
      const auto weight = random_values(dim, 2);
      auto y_grad = random_values(rows * dim, 3);
      std::vector<float> y(x.size()), mean(static_cast<size_t>(rows)), rstd(mean);
      reference::layer_norm(rows, dim, x.data(), weight.data(), weight.data(), 1e-5, y.data(),
                            mean.data(), rstd.data());
      auto weight_grad = random_values(dim, 4);
      auto bias_grad = random_values(dim, 5);
      auto weight_grad0 = weight_grad;
      auto bias_grad0 = bias_grad;
      std::vector<float> x_grad0(x.size());
      reference::layer_norm_backward(rows, dim, x.data(), weight.data(), mean.data(), rstd.data(),
                                     y_grad.data(), x_grad0.data(), weight_grad0.data(),
                                     bias_grad0.data());
      layer_norm_backward(rows, dim, x.data(), weight.data(), mean.data(), rstd.data(),
                          y_grad.data(), y_grad.data(), weight_grad.data(), bias_grad.data());
      EXPECT_LT(difference(y_grad, x_grad0), 3e-6) << rows << " x " << dim;
      EXPECT_LT(difference(weight_grad, weight_grad0), 3e-6);
      EXPECT_LT(difference(bias_grad, bias_grad0), 3e-6);
    }
  }
}

TEST(LayerNorm, ReferenceGradientMatchesFiniteDifferences) {
  const int64_t rows = 3, dim = 5;
  auto x = random_values<double>(rows * dim, 1);
  auto weight = random_values<double>(dim, 2);
  auto bias = random_values<double>(dim, 3);
  const auto y_grad = random_values<double>(rows * dim, 4);
  std::vector<double> y(x.size()), mean(rows), rstd(rows);
  const auto loss = [&] {
    reference::layer_norm(rows, dim, x.data(), weight.data(), bias.data(), 1e-5, y.data(),
                          mean.data(), rstd.data());
    return weighted_sum(y, y_grad);
  };
  loss();
  std::vector<double> x_grad(x.size()), weight_grad(dim), bias_grad(dim);
  reference::layer_norm_backward(rows, dim, x.data(), weight.data(), mean.data(), rstd.data(),
                                 y_grad.data(), x_grad.data(), weight_grad.data(),
                                 bias_grad.data());
  EXPECT_LT(difference(x_grad, numeric_gradient(x, loss)), 1e-8);
  EXPECT_LT(difference(weight_grad, numeric_gradient(weight, loss)), 1e-8);
  EXPECT_LT(difference(bias_grad, numeric_gradient(bias, loss)), 1e-8);
}

TEST(LayerNorm, RowDoesNotDependOnItsBatch) {
  const int64_t rows = 9, dim = 50;
  const auto x = random_values(rows * dim, 1);
  const auto weight = random_values(dim, 2);
  std::vector<float> together(x.size()), alone(x.size());
  layer_norm(rows, dim, x.data(), weight.data(), weight.data(), 1e-8f, together.data(), nullptr,
             nullptr);
  for (int64_t r = 0; r < rows; ++r) {
    layer_norm(1, dim, x.data() + r * dim, weight.data(), weight.data(), 1e-8f,
               alone.data() + r * dim, nullptr, nullptr);
  }
  EXPECT_TRUE(same_bits(together, alone));
}

TEST(AddBias, EqualsReferenceForEveryActivation) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::gelu}) {
    for (const int64_t rows : {0, 1, 9}) {
      for (const int64_t dim : kSizes) {
        auto x = random_values(rows * dim, 1, 2);
        auto x0 = x;
        const auto bias = random_values(dim, 2);
        add_bias(rows, dim, bias.data(), activation, x.data());
        reference::add_bias(rows, dim, bias.data(), activation, x0.data());
        EXPECT_LT(difference(x, x0), 5e-7);
      }
    }
  }
}

TEST(AddBias, GeluIsExactOverItsWholeRange) {
  std::vector<float> x;
  for (int i = -14000; i <= 14000; ++i) x.push_back(static_cast<float>(i) * 1e-3f);
  const auto inputs = x;
  const std::vector<float> bias(x.size(), 0.0f);
  add_bias(1, static_cast<int64_t>(x.size()), bias.data(), Activation::gelu, x.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double v = static_cast<double>(inputs[i]);
    EXPECT_NEAR(static_cast<double>(x[i]), 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))),
                1.5e-7 * std::max(1.0, std::abs(v)));
  }
}

TEST(AddBias, KeepsNotANumber) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::gelu}) {
    std::vector<float> x(20, std::numeric_limits<float>::quiet_NaN());
    const std::vector<float> bias(20, 1.0f);
    add_bias(1, 20, bias.data(), activation, x.data());
    for (const float value : x) EXPECT_TRUE(std::isnan(value));
  }
}

TEST(ColumnSums, EqualReferenceAndAdd) {
  for (const int64_t rows : {0, 1, 9, 65}) {
    for (const int64_t dim : kSizes) {
      const auto x = random_values(rows * dim, 1);
      auto sum = random_values(dim, 2);
      auto sum0 = sum;
      add_column_sums(rows, dim, x.data(), sum.data());
      reference::add_column_sums(rows, dim, x.data(), sum0.data());
      EXPECT_LT(difference(sum, sum0), 2e-6);
    }
  }
}

TEST(ActivationGradients, EqualReference) {
  for (const int64_t n : kSizes) {
    const auto x = random_values(n, 1, 3);
    auto grad = random_values(n, 2);
    auto grad0 = grad;
    relu_backward(n, x.data(), 2.0f, grad.data());
    reference::relu_backward(n, x.data(), 2.0f, grad0.data());
    EXPECT_TRUE(same_bits(grad, grad0));
    grad = grad0 = random_values(n, 3);
    gelu_backward(n, x.data(), grad.data());
    reference::gelu_backward(n, x.data(), grad0.data());
    EXPECT_LT(difference(grad, grad0), 1e-6);
  }
}

TEST(ActivationGradients, GeluReferenceEqualsFiniteDifferences) {
  std::vector<double> x = random_values<double>(50, 1, 2);
  std::vector<double> bias(x.size(), 0.0);
  const auto expected = numeric_gradient(x, [&] {
    std::vector<double> y = x;
    reference::add_bias(1, 50, bias.data(), Activation::gelu, y.data());
    return weighted_sum(y, std::vector<double>(y.size(), 1.0));
  });
  std::vector<double> grad(x.size(), 1.0);
  reference::gelu_backward(50, x.data(), grad.data());
  EXPECT_LT(difference(grad, expected), 1e-8);
}

TEST(Vectors, ScaleAxpyAndDotEqualReference) {
  for (const int64_t n : {0, 1, 7, 8, 9, 31, 64, 65, 100, 1000}) {
    const auto x = random_values(n, 1);
    auto y = random_values(n, 2);
    auto y0 = y;
    EXPECT_NEAR(dot(n, x.data(), y.data()), reference::dot(n, x.data(), y.data()),
                1e-6 * static_cast<double>(n + 1));
    axpy(n, 1.5f, x.data(), y.data());
    reference::axpy(n, 1.5f, x.data(), y0.data());
    EXPECT_LT(difference(y, y0), 2e-7);
    y0 = y;
    scale(n, -0.3f, y.data());
    reference::scale(n, -0.3f, y0.data());
    EXPECT_TRUE(same_bits(y, y0));
  }
}

}  // namespace
}  // namespace truenext::kernels
