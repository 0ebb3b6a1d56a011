// SPDX-License-Identifier: Apache-2.0
// Operations of TilePass element by element.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "net/tape-inl.h"

namespace truenext::net {
namespace {

template <typename T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

template <typename T>
T value_of(Function function, T x) {
  switch (function) {
    case Function::relu:
      return std::max(x, T(0));
    case Function::gelu:
      return x * T(0.5) * (T(1) + std::erf(x / std::sqrt(T(2))));
    case Function::sigmoid:
      return sigmoid(x);
    case Function::tanh:
      return std::tanh(x);
    case Function::silu:
      return x * sigmoid(x);
  }
  return x;
}

/// Derivative at x, where the value is y.
template <typename T>
T slope_of(Function function, T x, T y) {
  switch (function) {
    case Function::relu:
      return y > 0 ? T(1) : T(0);
    case Function::gelu: {
      const T density = std::exp(-x * x / T(2)) * T(0.3989422804014327);
      return T(0.5) * (T(1) + std::erf(x / std::sqrt(T(2)))) + x * density;
    }
    case Function::sigmoid:
      return y * (T(1) - y);
    case Function::tanh:
      return T(1) - y * y;
    case Function::silu: {
      const T s = sigmoid(x);
      return s + y * (T(1) - s);
    }
  }
  return T(1);
}

}  // namespace

template <typename T>
Rows TilePass<T>::add(Rows x, Rows y, double factor) {
  assert(x.count == y.count && x.width == y.width);
  const Rows z = copy(x);
  kernels::axpy(x.size(), static_cast<T>(factor), data(y), data(z));
  record([this, x, y, z, factor] {
    if (factor == 1) {
      add_product(y, [&](T* to, bool accumulate) {
        if (accumulate) {
          kernels::axpy(y.size(), T(1), grad(z), to);
        } else {
          std::copy_n(grad(z), y.size(), to);
        }
      });
    } else {
      kernels::axpy(y.size(), static_cast<T>(factor), grad(z), grad(y));
    }
    hand_on(z, x);
  });
  return z;
}

template <typename T>
Rows TilePass<T>::multiply(Rows x, Rows y) {
  assert(x.count == y.count && (x.width == y.width || y.width == 1));
  const bool by_row = y.width == 1;
  const Rows z = make(x.count, x.width, x.layout);
  const T *a = data(x), *b = data(y);
  T* out = data(z);
  for (int64_t r = 0, i = 0; r < x.count; ++r) {
    for (int64_t c = 0; c < x.width; ++c, ++i) out[i] = a[i] * b[by_row ? r : i];
  }
  record([this, x, y, z, by_row] {
    T *to_x = grad(x), *to_y = grad(y);
    const T *g = grad(z), *left = data(x), *right = data(y);
    for (int64_t r = 0, i = 0; r < x.count; ++r) {
      for (int64_t c = 0; c < x.width; ++c, ++i) {
        const int64_t j = by_row ? r : i;
        to_x[i] += g[i] * right[j];
        to_y[j] += g[i] * left[i];
      }
    }
  });
  return z;
}

template <typename T>
Rows TilePass<T>::scale(Rows x, double factor, double shift) {
  const Rows y = make(x.count, x.width, x.layout);
  const T *from = data(x), by = static_cast<T>(factor), to = static_cast<T>(shift);
  std::transform(from, from + x.size(), data(y), [=](T value) { return by * value + to; });
  record([this, x, y, by] { kernels::axpy(x.size(), by, grad(y), grad(x)); });
  return y;
}

template <typename T>
Rows TilePass<T>::apply(Function function, Rows x) {
  const Rows y = make(x.count, x.width, x.layout);
  const T* from = data(x);
  std::transform(from, from + x.size(), data(y),
                 [function](T value) { return value_of(function, value); });
  record([this, x, y, function] {
    const T *in = data(x), *out = data(y), *g = grad(y);
    T* to = grad(x);
    for (int64_t i = 0; i < x.size(); ++i) to[i] += g[i] * slope_of(function, in[i], out[i]);
  });
  return y;
}

template <typename T>
Rows TilePass<T>::dropout(Rows x, double rate, Purpose purpose, int64_t number) {
  const kernels::Dropout dropped = mask(rate, purpose, number);
  if (!dropped.active()) return x;
  const RowKeys& keys = keys_of(x.layout);
  assert(static_cast<int64_t>(keys.streams.size()) == x.count);
  const Rows y = copy(x);
  kernels::dropout_rows(dropped, x.count, x.width, keys.streams.data(), keys.from_end.data(),
                        data(y));
  record([this, x, y, dropped, &keys] {
    kernels::dropout_rows(dropped, x.count, x.width, keys.streams.data(), keys.from_end.data(),
                          grad(y));
    hand_on(y, x);
  });
  return y;
}

template <typename T>
Rows TilePass<T>::beside(std::span<const Rows> parts) {
  int64_t width = 0;
  for (const Rows part : parts) width += part.width;
  const Rows y = make(parts[0].count, width, parts[0].layout);
  const std::vector<Rows> all(parts.begin(), parts.end());
  int64_t column = 0;
  for (const Rows part : all) {
    assert(part.count == y.count);
    for (int64_t r = 0; r < y.count; ++r) {
      std::copy_n(data(part) + r * part.width, part.width, data(y) + r * width + column);
    }
    column += part.width;
  }
  record([this, all, y] {
    int64_t at = 0;
    for (const Rows part : all) {
      for (int64_t r = 0; r < y.count; ++r) {
        kernels::axpy(part.width, T(1), grad(y) + r * y.width + at, grad(part) + r * part.width);
      }
      at += part.width;
    }
  });
  return y;
}

template <typename T>
Rows TilePass<T>::columns(Rows x, int64_t begin, int64_t end) {
  const Rows y = make(x.count, end - begin, x.layout);
  for (int64_t r = 0; r < x.count; ++r) {
    std::copy_n(data(x) + r * x.width + begin, y.width, data(y) + r * y.width);
  }
  record([this, x, y, begin] {
    for (int64_t r = 0; r < x.count; ++r) {
      kernels::axpy(y.width, T(1), grad(y) + r * y.width, grad(x) + r * x.width + begin);
    }
  });
  return y;
}

template Rows TilePass<float>::add(Rows, Rows, double);
template Rows TilePass<double>::add(Rows, Rows, double);
template Rows TilePass<float>::multiply(Rows, Rows);
template Rows TilePass<double>::multiply(Rows, Rows);
template Rows TilePass<float>::scale(Rows, double, double);
template Rows TilePass<double>::scale(Rows, double, double);
template Rows TilePass<float>::apply(Function, Rows);
template Rows TilePass<double>::apply(Function, Rows);
template Rows TilePass<float>::dropout(Rows, double, Purpose, int64_t);
template Rows TilePass<double>::dropout(Rows, double, Purpose, int64_t);
template Rows TilePass<float>::beside(std::span<const Rows>);
template Rows TilePass<double>::beside(std::span<const Rows>);
template Rows TilePass<float>::columns(Rows, int64_t, int64_t);
template Rows TilePass<double>::columns(Rows, int64_t, int64_t);

}  // namespace truenext::net
