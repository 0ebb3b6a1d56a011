// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "kernels/elements.h"

/// Slow twins of kernels/elements.h, for float and double; see kernels/reference.h.
namespace truenext::kernels::reference {
namespace detail {

/// Value and slope of a function at x.
struct ValueAndSlope {
  double value, slope;
};

inline ValueAndSlope value_and_slope(Function function, double x) {
  switch (function) {
    case Function::relu:
      return {x < 0 ? 0 : x, x > 0 ? 1.0 : 0.0};
    case Function::sigmoid: {
      const double s = 1 / (1 + std::exp(-x));
      return {s, s * (1 - s)};
    }
    case Function::tanh:
      return {std::tanh(x), 1 - std::tanh(x) * std::tanh(x)};
    case Function::silu: {
      const double s = 1 / (1 + std::exp(-x));
      return {x * s, s + x * s * (1 - s)};
    }
    case Function::gelu: {
      const double share = 0.5 * (1 + std::erf(x / std::numbers::sqrt2));
      const double density =
          std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      return {x * share, share + x * density};
    }
    case Function::gelu_tanh: {
      const double root = std::sqrt(2.0) * std::numbers::inv_sqrtpi;
      const double t = std::tanh(root * (x + 0.044715 * x * x * x));
      const double inner = root * (1 + 3 * 0.044715 * x * x);
      return {0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner};
    }
  }
  return {x, 1};
}

/// visit(element of x, element of y)
template <typename Visit>
void match(const Matching& shape, const Visit& visit) {
  for (int64_t r = 0; r < shape.rows; ++r) {
    for (int64_t c = 0; c < shape.width; ++c) {
      visit(r * shape.width + c, r * shape.y_row + c * shape.y_column);
    }
  }
}

}  // namespace detail

template <typename T>
void apply_function(Function function, int64_t n, const T* x, T* y) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] = static_cast<T>(detail::value_and_slope(function, static_cast<double>(x[i])).value);
  }
}

template <typename T>
void apply_function_backward(Function function, int64_t n, const T* x, const T* /*y*/,
                             const T* y_grad, T* x_grad, bool accumulate) {
  for (int64_t i = 0; i < n; ++i) {
    const double slope = detail::value_and_slope(function, static_cast<double>(x[i])).slope;
    const T before = accumulate ? x_grad[i] : T(0);
    x_grad[i] = before + static_cast<T>(static_cast<double>(y_grad[i]) * slope);
  }
}

template <typename T>
void scale_shift(int64_t n, T factor, T shift, const T* x, T* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = factor * x[i] + shift;
}

template <typename T>
void add_matching(const Matching& shape, const T* x, T factor, const T* y, T* out) {
  detail::match(shape, [&](int64_t i, int64_t j) { out[i] = x[i] + factor * y[j]; });
}

template <typename T>
void multiply_matching(const Matching& shape, const T* x, const T* y, T* out, bool accumulate) {
  detail::match(shape,
                [&](int64_t i, int64_t j) { out[i] = (accumulate ? out[i] : T(0)) + x[i] * y[j]; });
}

namespace detail {

/// y_grad += the sums of term(element of x), in double.
template <typename T, typename Term>
void sum_terms(const Matching& shape, const Term& term, T* y_grad) {
  if (shape.rows == 0 || shape.width == 0) return;
  const int64_t last = (shape.rows - 1) * shape.y_row + (shape.width - 1) * shape.y_column;
  std::vector<double> sums(static_cast<size_t>(last + 1), 0.0);
  match(shape, [&](int64_t i, int64_t j) { sums[static_cast<size_t>(j)] += term(i); });
  for (int64_t j = 0; j <= last; ++j) y_grad[j] += static_cast<T>(sums[static_cast<size_t>(j)]);
}

}  // namespace detail

template <typename T>
void sum_matching(const Matching& shape, T factor, const T* g, T* y_grad) {
  detail::sum_terms(
      shape, [&](int64_t i) { return static_cast<double>(factor * g[i]); }, y_grad);
}

template <typename T>
void sum_products_matching(const Matching& shape, const T* g, const T* x, T* y_grad) {
  detail::sum_terms(
      shape, [&](int64_t i) { return static_cast<double>(g[i]) * static_cast<double>(x[i]); },
      y_grad);
}

}  // namespace truenext::kernels::reference
