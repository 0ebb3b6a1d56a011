// SPDX-License-Identifier: Apache-2.0
// Functions, sums and products element by element: bound by the exponential or by memory.
#include "kernels/elements.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elements.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace {

// Each function has its value at x and its slope there, where the value is y.
struct Relu {
  HWY_INLINE V value(V x) const { return hn::IfThenZeroElse(hn::Lt(x, zero()), x); }
  HWY_INLINE V slope(V, V y) const { return hn::IfThenElseZero(hn::Gt(y, zero()), all(1.0f)); }
};
struct Sigmoid {
  HWY_INLINE V value(V x) const { return sigmoid_of(x); }
  HWY_INLINE V slope(V, V y) const { return hn::NegMulAdd(y, y, y); }
};
struct Tanh {
  HWY_INLINE V value(V x) const { return tanh_of(x); }
  HWY_INLINE V slope(V, V y) const { return hn::NegMulAdd(y, y, all(1.0f)); }
};
/// The sigmoid s at x and its slope s (1 - s), which must not come from 1 - s: multiplied by a
/// large x it would be wrong in the sixth digit.
struct Logistic {
  HWY_INLINE explicit Logistic(V x) {
    const V e = exp_of(hn::Neg(hn::Abs(x)));
    const V most = hn::Div(all(1.0f), hn::Add(all(1.0f), e));
    const V least = hn::Mul(e, most);
    value = hn::IfThenElse(hn::Lt(x, zero()), least, most);
    slope = hn::Mul(least, most);
  }
  V value, slope;
};

struct Silu {
  HWY_INLINE V value(V x) const { return hn::Mul(x, sigmoid_of(x)); }
  HWY_INLINE V slope(V x, V) const {
    const Logistic s(x);
    return hn::MulAdd(x, s.slope, s.value);
  }
};
struct Gelu {
  HWY_INLINE V share(V x) const {
    return hn::MulAdd(erf_of(hn::Mul(x, all(0.70710678f))), all(0.5f), all(0.5f));
  }
  HWY_INLINE V value(V x) const {
    const V half = hn::Mul(x, all(0.5f));
    return hn::MulAdd(half, erf_of(hn::Mul(x, all(0.70710678f))), half);
  }
  HWY_INLINE V slope(V x, V) const {
    const V density = hn::Mul(exp_of(hn::Mul(hn::Mul(x, x), all(-0.5f))), all(0.39894228f));
    return hn::MulAdd(x, density, share(x));
  }
};
/// (1 + tanh u) / 2 is the sigmoid of 2 u = x (a + b x^2).
struct GeluTanh {
  static constexpr float kA = 1.5957691216f, kB = 0.0713548163f;
  /// x^2, limited where the sigmoid has long been 0 or 1: infinity times zero is no slope.
  HWY_INLINE V square(V x) const {
    const V z = hn::Mul(x, x);
    return hn::IfThenElse(hn::Gt(z, all(400.0f)), all(400.0f), z);
  }
  HWY_INLINE V inner(V x, V z) const { return hn::Mul(x, hn::MulAdd(z, all(kB), all(kA))); }
  HWY_INLINE V value(V x) const { return hn::Mul(x, sigmoid_of(inner(x, square(x)))); }
  HWY_INLINE V slope(V x, V) const {
    const V z = square(x);
    const Logistic s(inner(x, z));
    const V inner_slope = hn::MulAdd(z, all(3 * kB), all(kA));
    return hn::MulAdd(hn::Mul(x, s.slope), inner_slope, s.value);
  }
};

template <class Call>
void with_function(Function function, const Call& call) {
  switch (function) {
    case Function::relu:
      return call(Relu{});
    case Function::gelu:
      return call(Gelu{});
    case Function::gelu_tanh:
      return call(GeluTanh{});
    case Function::sigmoid:
      return call(Sigmoid{});
    case Function::tanh:
      return call(Tanh{});
    case Function::silu:
      return call(Silu{});
  }
}

/// The same with the longest rows: those that y follows without a gap are one.
Matching joined(const Matching& shape) {
  const int64_t size = shape.rows * shape.width;
  if (size == 0) return {0, 0, 0, 0};
  if (shape.y_row == shape.width * shape.y_column) return {1, size, 0, shape.y_column};
  if (shape.width == 1) return {1, size, 0, shape.y_row};
  return shape;
}

/// Loads y of one row.
struct YRow {
  HWY_INLINE YRow(const Matching& shape, const float* y, int64_t r)
      : at(y + r * shape.y_row), moves(shape.y_column != 0), same(all(*at)) {}
  template <class Part>
  HWY_INLINE V load(int64_t c, const Part& part) const {
    return moves ? part.load(at + c) : same;
  }
  const float* at;
  bool moves;
  V same;
};

/// y_grad += the sum of term(element, part) over what has the same y.
template <class Term>
void sum_terms(const Matching& shape, const Term& term, float* y_grad) {
  if (shape.y_row == 0 && shape.y_column != 0) {  // column by column, as add_column_sums
    for_each(shape.width, [&](int64_t c, auto part) HWY_ATTR {
      V total = part.load(y_grad + c);
      for (int64_t r = 0; r < shape.rows; ++r) {
        total = hn::Add(total, term(r * shape.width + c, part));
      }
      part.store(total, y_grad + c);
    });
    return;
  }
  for (int64_t r = 0; r < shape.rows; ++r) {
    float* to = y_grad + r * shape.y_row;
    V sum = zero();
    for_each(shape.width, [&](int64_t c, auto part) HWY_ATTR {
      sum = hn::Add(sum, term(r * shape.width + c, part));  // zero beyond the row
    });
    *to += sum_of(sum);
  }
}

}  // namespace

void apply_function(Function function, int64_t n, const float* x, float* y) {
  with_function(function, [&](auto f) HWY_ATTR {
    for_each(n,
             [&](int64_t i, auto part) HWY_ATTR { part.store(f.value(part.load(x + i)), y + i); });
  });
}

void apply_function_backward(Function function, int64_t n, const float* x, const float* y,
                             const float* y_grad, float* x_grad, bool accumulate) {
  with_function(function, [&](auto f) HWY_ATTR {
    for_each(n, [&](int64_t i, auto part) HWY_ATTR {
      const V slope = f.slope(part.load(x + i), part.load(y + i));
      const V before = accumulate ? part.load(x_grad + i) : zero();
      part.store(hn::MulAdd(part.load(y_grad + i), slope, before), x_grad + i);
    });
  });
}

void scale_shift(int64_t n, float factor, float shift, const float* x, float* y) {
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    part.store(hn::MulAdd(part.load(x + i), all(factor), all(shift)), y + i);
  });
}

void add_matching(const Matching& given, const float* x, float factor, const float* y, float* out) {
  const Matching shape = joined(given);
  for (int64_t r = 0; r < shape.rows; ++r, x += shape.width, out += shape.width) {
    const YRow other(shape, y, r);
    for_each(shape.width, [&](int64_t c, auto part) HWY_ATTR {
      part.store(hn::MulAdd(all(factor), other.load(c, part), part.load(x + c)), out + c);
    });
  }
}

void multiply_matching(const Matching& given, const float* x, const float* y, float* out,
                       bool accumulate) {
  const Matching shape = joined(given);
  for (int64_t r = 0; r < shape.rows; ++r, x += shape.width, out += shape.width) {
    const YRow other(shape, y, r);
    for_each(shape.width, [&](int64_t c, auto part) HWY_ATTR {
      const V before = accumulate ? part.load(out + c) : zero();
      part.store(hn::MulAdd(part.load(x + c), other.load(c, part), before), out + c);
    });
  }
}

void sum_matching(const Matching& given, float factor, const float* g, float* y_grad) {
  const Matching shape = joined(given);
  sum_terms(
      shape, [&](int64_t i, auto part) HWY_ATTR { return hn::Mul(all(factor), part.load(g + i)); },
      y_grad);
}

void sum_products_matching(const Matching& given, const float* g, const float* x, float* y_grad) {
  const Matching shape = joined(given);
  sum_terms(
      shape,
      [&](int64_t i, auto part) HWY_ATTR { return hn::Mul(part.load(g + i), part.load(x + i)); },
      y_grad);
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(apply_function);
HWY_EXPORT(apply_function_backward);
HWY_EXPORT(scale_shift);
HWY_EXPORT(add_matching);
HWY_EXPORT(multiply_matching);
HWY_EXPORT(sum_matching);
HWY_EXPORT(sum_products_matching);

void apply_function(Function function, int64_t n, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(apply_function)(function, n, x, y);
}

void apply_function_backward(Function function, int64_t n, const float* x, const float* y,
                             const float* y_grad, float* x_grad, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(apply_function_backward)(function, n, x, y, y_grad, x_grad, accumulate);
}

void scale_shift(int64_t n, float factor, float shift, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(scale_shift)(n, factor, shift, x, y);
}

void add_matching(const Matching& shape, const float* x, float factor, const float* y, float* out) {
  HWY_DYNAMIC_DISPATCH(add_matching)(shape, x, factor, y, out);
}

void multiply_matching(const Matching& shape, const float* x, const float* y, float* out,
                       bool accumulate) {
  HWY_DYNAMIC_DISPATCH(multiply_matching)(shape, x, y, out, accumulate);
}

void sum_matching(const Matching& shape, float factor, const float* g, float* y_grad) {
  HWY_DYNAMIC_DISPATCH(sum_matching)(shape, factor, g, y_grad);
}

void sum_products_matching(const Matching& shape, const float* g, const float* x, float* y_grad) {
  HWY_DYNAMIC_DISPATCH(sum_products_matching)(shape, g, x, y_grad);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
