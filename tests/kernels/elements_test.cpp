// SPDX-License-Identifier: Apache-2.0
#include "kernels/elements.h"

#include <limits>

#include "kernels/kernel_cases.h"
#include "kernels/reference_elements.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::kSizes;
using testing::numeric_gradient;
using testing::random_values;
using testing::same_bits;
using testing::weighted_sum;

constexpr Function kFunctions[] = {Function::relu,    Function::gelu, Function::gelu_tanh,
                                   Function::sigmoid, Function::tanh, Function::silu};

TEST(Functions, EqualReferenceForwardAndBackward) {
  for (const Function function : kFunctions) {
    for (const int64_t n : kSizes) {
      const auto x = random_values(n, 1, 3);
      std::vector<float> y(x.size()), y0(y);
      apply_function(function, n, x.data(), y.data());
      reference::apply_function(function, n, x.data(), y0.data());
      EXPECT_LT(difference(y, y0), 5e-7);
      const auto y_grad = random_values(n, 2);
      for (const bool accumulate : {false, true}) {
        auto grad = random_values(n, 3), grad0 = grad;
        apply_function_backward(function, n, x.data(), y0.data(), y_grad.data(), grad.data(),
                                accumulate);
        reference::apply_function_backward(function, n, x.data(), y0.data(), y_grad.data(),
                                           grad0.data(), accumulate);
        EXPECT_LT(difference(grad, grad0), 1e-6);
      }
    }
  }
}

TEST(Functions, AreExactOverTheirWholeRange) {
  std::vector<float> x;
  for (int i = -120000; i <= 120000; i += 7) x.push_back(static_cast<float>(i) * 1e-3f);
  for (const float tiny : {1e-6f, -1e-4f, 1e-30f, 1e20f, -1e20f}) x.push_back(tiny);
  const auto n = static_cast<int64_t>(x.size());
  const std::vector<float> ones(x.size(), 1.0f);
  std::vector<float> y(x.size()), slopes(x.size());
  for (const Function function : kFunctions) {
    apply_function(function, n, x.data(), y.data());
    apply_function_backward(function, n, x.data(), y.data(), ones.data(), slopes.data(), false);
    for (size_t i = 0; i < x.size(); ++i) {
      const double at = static_cast<double>(x[i]);
      const auto [value, slope] = reference::detail::value_and_slope(function, at);
      EXPECT_NEAR(static_cast<double>(y[i]), value, 3e-7 * std::max(1.0, std::abs(value))) << at;
      EXPECT_NEAR(static_cast<double>(slopes[i]), slope, 1e-6) << at;
      EXPECT_TRUE(std::isfinite(slopes[i])) << at;
    }
  }
}

TEST(Functions, SmallInputsKeepRelativeAccuracy) {
  for (const Function function : {Function::tanh, Function::silu, Function::gelu_tanh}) {
    for (const float x : {1e-6f, -1e-4f, 1e-2f, 0.3f, -0.6f, 0.65f}) {
      float y = 0;
      apply_function(function, 1, &x, &y);
      const double value = reference::detail::value_and_slope(function, x).value;
      EXPECT_NEAR(static_cast<double>(y) / value, 1, 4e-7) << x;
    }
  }
}

TEST(Functions, KeepNotANumber) {
  const std::vector<float> x(20, std::numeric_limits<float>::quiet_NaN());
  for (const Function function : kFunctions) {
    std::vector<float> y(x.size());
    apply_function(function, 20, x.data(), y.data());
    for (const float value : y) EXPECT_TRUE(std::isnan(value));
  }
}

TEST(Functions, ReferenceSlopesEqualFiniteDifferences) {
  auto x = random_values<double>(60, 1, 2);
  const std::vector<double> ones(x.size(), 1.0);
  for (const Function function : kFunctions) {
    std::vector<double> y(x.size()), grad(x.size());
    const auto expected = numeric_gradient(x, [&] {
      reference::apply_function(function, 60, x.data(), y.data());
      return weighted_sum(y, ones);
    });
    reference::apply_function_backward(function, 60, x.data(), y.data(), ones.data(), grad.data(),
                                       false);
    EXPECT_LT(difference(grad, expected), 1e-8);
  }
}

/// Every way to match y [rows or 1, width or 1] with x [rows, width].
std::vector<Matching> matchings(int64_t rows, int64_t width) {
  return {{rows, width, width, 1}, {rows, width, 0, 1}, {rows, width, 1, 0}, {rows, width, 0, 0}};
}

int64_t y_size(const Matching& shape) {
  return (shape.y_row == 0 ? 1 : shape.rows) * (shape.y_column == 0 ? 1 : shape.width);
}

TEST(Matching, SumsAndProductsEqualReference) {
  for (const int64_t rows : {0, 1, 3, 9}) {
    for (const int64_t width : kSizes) {
      for (const Matching& shape : matchings(rows, width)) {
        const auto x = random_values(rows * width, 1);
        const auto y = random_values(y_size(shape), 2);
        auto out = random_values(rows * width, 3), out0 = out;
        add_matching(shape, x.data(), -0.7f, y.data(), out.data());
        reference::add_matching(shape, x.data(), -0.7f, y.data(), out0.data());
        EXPECT_LT(difference(out, out0), 2e-7);
        for (const bool accumulate : {false, true}) {
          multiply_matching(shape, x.data(), y.data(), out.data(), accumulate);
          reference::multiply_matching(shape, x.data(), y.data(), out0.data(), accumulate);
          EXPECT_LT(difference(out, out0), 4e-7);
        }
      }
    }
  }
}

TEST(Matching, GradientsEqualReference) {
  constexpr double kRounding = 1e-5;  // of up to 900 terms in float, whose sum may be near zero
  for (const int64_t rows : {0, 1, 3, 9}) {
    for (const int64_t width : kSizes) {
      for (const Matching& shape : matchings(rows, width)) {
        const auto x = random_values(rows * width, 1);
        const auto g = random_values(rows * width, 2);
        auto grad = random_values(y_size(shape), 3), grad0 = grad;
        sum_matching(shape, 1.5f, g.data(), grad.data());
        reference::sum_matching(shape, 1.5f, g.data(), grad0.data());
        EXPECT_LT(difference(grad, grad0), kRounding);
        sum_products_matching(shape, g.data(), x.data(), grad.data());
        reference::sum_products_matching(shape, g.data(), x.data(), grad0.data());
        EXPECT_LT(difference(grad, grad0), kRounding);
      }
    }
  }
}

TEST(ScaleShift, EqualsReferenceInPlaceToo) {
  for (const int64_t n : kSizes) {
    auto x = random_values(n, 1);
    std::vector<float> y(x.size()), y0(x.size());
    scale_shift(n, -1.5f, 0.25f, x.data(), y.data());
    reference::scale_shift(n, -1.5f, 0.25f, x.data(), y0.data());
    EXPECT_LT(difference(y, y0), 2e-7);
    scale_shift(n, -1.5f, 0.25f, x.data(), x.data());
    EXPECT_TRUE(same_bits(x, y));
  }
}

}  // namespace
}  // namespace truenext::kernels
