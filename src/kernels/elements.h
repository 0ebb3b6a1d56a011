// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Functions, sums and products element by element. Contracts as in kernels/kernels.h; the plain
/// twins are in kernels/reference_elements.h. An array may be written in place.
namespace truenext::kernels {

/// gelu is the exact one, gelu_tanh 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
enum class Function { relu, gelu, gelu_tanh, sigmoid, tanh, silu };

/// y[n] = f(x)
void apply_function(Function function, int64_t n, const float* x, float* y);
/// x_grad[n] (+)= y_grad f'(x), with y = f(x).
void apply_function_backward(Function function, int64_t n, const float* x, const float* y,
                             const float* y_grad, float* x_grad, bool accumulate);

/// y[n] = factor x + shift
void scale_shift(int64_t n, float factor, float shift, const float* x, float* y);

/// x[rows, width], and how the other operand y is told to match: element (r, c) is at
/// r * y_row + c * y_column. The strides are (width, 1) of a whole matrix, (0, 1) of one row for
/// all, (1, 0) of one column for all, (0, 0) of one number.
struct Matching {
  int64_t rows = 0;
  int64_t width = 0;
  int64_t y_row = 0;
  int64_t y_column = 0;
};

/// out = x + factor y
void add_matching(const Matching& shape, const float* x, float factor, const float* y, float* out);
/// out (+)= x y
void multiply_matching(const Matching& shape, const float* x, const float* y, float* out,
                       bool accumulate);
/// y_grad += factor g, summed up where y is told more than once.
void sum_matching(const Matching& shape, float factor, const float* g, float* y_grad);
/// y_grad += g x, in the same way.
void sum_products_matching(const Matching& shape, const float* g, const float* x, float* y_grad);

}  // namespace truenext::kernels
