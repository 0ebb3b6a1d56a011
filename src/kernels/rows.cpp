// SPDX-License-Identifier: Apache-2.0
// Layer norm, bias with activation, and the one-line vector operations. Memory-bound: a row is read
// into the first-level cache once and the later passes over it find it there.
#include "kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <cmath>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {

void layer_norm(int64_t rows, int64_t dim, const float* x, const float* weight, const float* bias,
                float epsilon, float* y, float* mean, float* rstd) {
  const float share = 1.0f / static_cast<float>(dim);
  for (int64_t r = 0; r < rows; ++r, x += dim, y += dim) {
    V sum = zero();
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR { sum = hn::Add(sum, part.load(x + c)); });
    const float mu = sum_of(sum) * share;
    V squares = zero();
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      const V centred = part.rest(hn::Sub(part.load(x + c), all(mu)), zero());
      squares = hn::MulAdd(centred, centred, squares);
    });
    const float inverse = 1.0f / std::sqrt(sum_of(squares) * share + epsilon);
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      const V normal = hn::Mul(hn::Sub(part.load(x + c), all(mu)), all(inverse));
      part.store(hn::MulAdd(normal, part.load(weight + c), part.load(bias + c)), y + c);
    });
    if (mean) mean[r] = mu;
    if (rstd) rstd[r] = inverse;
  }
}

void layer_norm_backward(int64_t rows, int64_t dim, const float* x, const float* weight,
                         const float* mean, const float* rstd, const float* y_grad, float* x_grad,
                         float* weight_grad, float* bias_grad) {
  const float share = 1.0f / static_cast<float>(dim);
  for (int64_t r = 0; r < rows; ++r, x += dim, y_grad += dim, x_grad += dim) {
    const V mu = all(mean[r]);
    const V inverse = all(rstd[r]);
    V sum = zero();
    V weighted = zero();
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      const V normal = hn::Mul(hn::Sub(part.load(x + c), mu), inverse);
      const V out = part.load(y_grad + c);  // zero beyond the row, and so is everything below
      const V g = hn::Mul(out, part.load(weight + c));
      sum = hn::Add(sum, g);
      weighted = hn::MulAdd(g, normal, weighted);
      part.store(hn::MulAdd(out, normal, part.load(weight_grad + c)), weight_grad + c);
      part.store(hn::Add(out, part.load(bias_grad + c)), bias_grad + c);
    });
    const V mean_grad = all(sum_of(sum) * share);
    const V mean_weighted = all(sum_of(weighted) * share);
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      const V normal = hn::Mul(hn::Sub(part.load(x + c), mu), inverse);
      const V g = hn::Mul(part.load(y_grad + c), part.load(weight + c));
      const V rest = hn::NegMulAdd(normal, mean_weighted, hn::Sub(g, mean_grad));
      part.store(hn::Mul(rest, inverse), x_grad + c);
    });
  }
}

namespace {

struct Identity {
  HWY_INLINE V operator()(V x) const { return x; }
};
struct Relu {
  HWY_INLINE V operator()(V x) const { return hn::IfThenZeroElse(hn::Lt(x, zero()), x); }
};
struct Gelu {
  HWY_INLINE V operator()(V x) const {
    const V half = hn::Mul(x, all(0.5f));
    return hn::MulAdd(half, erf_of(hn::Mul(x, all(0.70710678f))), half);
  }
};

template <class Function>
void add_bias_then(int64_t rows, int64_t dim, const float* bias, const Function& function,
                   float* x) {
  for (int64_t r = 0; r < rows; ++r, x += dim) {
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      part.store(function(hn::Add(part.load(x + c), part.load(bias + c))), x + c);
    });
  }
}

}  // namespace

void add_bias(int64_t rows, int64_t dim, const float* bias, Activation activation, float* x) {
  switch (activation) {
    case Activation::none:
      return add_bias_then(rows, dim, bias, Identity{}, x);
    case Activation::relu:
      return add_bias_then(rows, dim, bias, Relu{}, x);
    case Activation::gelu:
      return add_bias_then(rows, dim, bias, Gelu{}, x);
  }
}

void add_column_sums(int64_t rows, int64_t dim, const float* x, float* sum) {
  for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
    V total = part.load(sum + c);
    for (int64_t r = 0; r < rows; ++r) total = hn::Add(total, part.load(x + r * dim + c));
    part.store(total, sum + c);
  });
}

void relu_backward(int64_t n, const float* y, float factor, float* grad) {
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    const M positive = hn::Gt(part.load(y + i), zero());
    part.store(hn::IfThenElseZero(positive, hn::Mul(part.load(grad + i), all(factor))), grad + i);
  });
}

void gelu_backward(int64_t n, const float* x, float* grad) {
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    const V value = part.load(x + i);
    const V cumulative = hn::MulAdd(erf_of(hn::Mul(value, all(0.70710678f))), all(0.5f), all(0.5f));
    const V density = hn::Mul(exp_of(hn::Mul(hn::Mul(value, value), all(-0.5f))), all(0.39894228f));
    part.store(hn::Mul(part.load(grad + i), hn::MulAdd(value, density, cumulative)), grad + i);
  });
}

void scale(int64_t n, float factor, float* values) {
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    part.store(hn::Mul(part.load(values + i), all(factor)), values + i);
  });
}

void axpy(int64_t n, float factor, const float* x, float* y) {
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    part.store(hn::MulAdd(all(factor), part.load(x + i), part.load(y + i)), y + i);
  });
}

float dot(int64_t n, const float* x, const float* y) {
  V sums[4] = {zero(), zero(), zero(), zero()};  // four chains hide the latency of the addition
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    HWY_UNROLL(4) for (int64_t j = 0; j < 4; ++j) {
      const int64_t at = i + j * kLanes;
      sums[j] = hn::MulAdd(hn::LoadU(D(), x + at), hn::LoadU(D(), y + at), sums[j]);
    }
  }
  for_each(n - i, [&](int64_t j, auto part) HWY_ATTR {
    sums[0] = hn::MulAdd(part.load(x + i + j), part.load(y + i + j), sums[0]);
  });
  return sum_of(hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(layer_norm);
HWY_EXPORT(layer_norm_backward);
HWY_EXPORT(add_bias);
HWY_EXPORT(add_column_sums);
HWY_EXPORT(relu_backward);
HWY_EXPORT(gelu_backward);
HWY_EXPORT(scale);
HWY_EXPORT(axpy);
HWY_EXPORT(dot);

void layer_norm(int64_t rows, int64_t dim, const float* x, const float* weight, const float* bias,
                float epsilon, float* y, float* mean, float* rstd) {
  HWY_DYNAMIC_DISPATCH(layer_norm)(rows, dim, x, weight, bias, epsilon, y, mean, rstd);
}

void layer_norm_backward(int64_t rows, int64_t dim, const float* x, const float* weight,
                         const float* mean, const float* rstd, const float* y_grad, float* x_grad,
                         float* weight_grad, float* bias_grad) {
  HWY_DYNAMIC_DISPATCH(layer_norm_backward)
  (rows, dim, x, weight, mean, rstd, y_grad, x_grad, weight_grad, bias_grad);
}

void add_bias(int64_t rows, int64_t dim, const float* bias, Activation activation, float* x) {
  HWY_DYNAMIC_DISPATCH(add_bias)(rows, dim, bias, activation, x);
}

void add_column_sums(int64_t rows, int64_t dim, const float* x, float* sum) {
  HWY_DYNAMIC_DISPATCH(add_column_sums)(rows, dim, x, sum);
}

void relu_backward(int64_t n, const float* y, float factor, float* grad) {
  HWY_DYNAMIC_DISPATCH(relu_backward)(n, y, factor, grad);
}

void gelu_backward(int64_t n, const float* x, float* grad) {
  HWY_DYNAMIC_DISPATCH(gelu_backward)(n, x, grad);
}

void scale(int64_t n, float factor, float* values) {
  HWY_DYNAMIC_DISPATCH(scale)(n, factor, values);
}

void axpy(int64_t n, float factor, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(axpy)(n, factor, x, y);
}

float dot(int64_t n, const float* x, const float* y) {
  return HWY_DYNAMIC_DISPATCH(dot)(n, x, y);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
