// SPDX-License-Identifier: Apache-2.0
// Operations of TilePass element by element.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "net/tape-inl.h"

namespace truenext::net {
namespace {

kernels::Matching matching(Rows x, Rows y) {
  assert(y.count == x.count || y.count == 1);
  assert(y.width == x.width || y.width == 1);
  return {x.count, x.width, y.count == 1 ? 0 : y.width, y.width == 1 ? 0 : 1};
}

}  // namespace

template <typename T>
Rows TilePass<T>::add(Rows x, Rows y, double factor) {
  const kernels::Matching shape = matching(x, y);
  const T by = static_cast<T>(factor);
  const Rows z = make(x.count, x.width, x.layout);
  kernels::add_matching(shape, data(x), by, data(y), data(z));
  record([this, x, y, z, by, shape] {
    if (y.count != x.count || y.width != x.width) {
      kernels::sum_matching(shape, by, grad(z), grad(y));
    } else {
      add_product(y, [&](T* to, bool accumulate) {
        if (accumulate) {
          kernels::axpy(y.size(), by, grad(z), to);
        } else {
          kernels::scale_shift(y.size(), by, T(0), grad(z), to);
        }
      });
    }
    hand_on(z, x);
  });
  return z;
}

template <typename T>
Rows TilePass<T>::multiply(Rows x, Rows y) {
  const kernels::Matching shape = matching(x, y);
  const Rows z = make(x.count, x.width, x.layout);
  kernels::multiply_matching(shape, data(x), data(y), data(z), false);
  record([this, x, y, z, shape] {
    const T* g = grad(z);
    add_product(x, [&](T* to, bool accumulate) {
      kernels::multiply_matching(shape, g, data(y), to, accumulate);
    });
    kernels::sum_products_matching(shape, g, data(x), grad(y));
  });
  return z;
}

template <typename T>
Rows TilePass<T>::scale(Rows x, double factor, double shift) {
  const T by = static_cast<T>(factor);
  const Rows y = make(x.count, x.width, x.layout);
  kernels::scale_shift(x.size(), by, static_cast<T>(shift), data(x), data(y));
  record([this, x, y, by] {
    add_product(x, [&](T* to, bool accumulate) {
      if (accumulate) {
        kernels::axpy(x.size(), by, grad(y), to);
      } else {
        kernels::scale_shift(x.size(), by, T(0), grad(y), to);
      }
    });
  });
  return y;
}

template <typename T>
Rows TilePass<T>::apply(Function function, Rows x) {
  const Rows y = make(x.count, x.width, x.layout);
  kernels::apply_function(function, x.size(), data(x), data(y));
  record([this, x, y, function] {
    const T* g = grad(y);
    add_product(x, [&](T* to, bool accumulate) {
      kernels::apply_function_backward(function, x.size(), data(x), data(y), g, to, accumulate);
    });
  });
  return y;
}

template <typename T>
Rows TilePass<T>::unit_rows(Rows x, double smallest) {
  const Rows y = make(x.count, x.width, x.layout);
  const int64_t width = x.width;
  const T least = static_cast<T>(smallest);
  T* lengths = arena_.take<T>(x.count);
  for (int64_t r = 0; r < x.count; ++r) {
    const T* row = data(x) + r * width;
    lengths[r] = std::sqrt(kernels::dot(width, row, row));
    kernels::scale_shift(width, T(1) / std::max(lengths[r], least), T(0), row, data(y) + r * width);
  }
  record([this, x, y, width, least, lengths] {
    write_gradient(x, [&](T* to) {
      for (int64_t r = 0; r < x.count; ++r, to += width) {
        const T *unit = data(y) + r * width, *g = grad(y) + r * width;
        const T inverse = T(1) / std::max(lengths[r], least);
        kernels::scale_shift(width, inverse, T(0), g, to);
        if (lengths[r] <= least) continue;
        kernels::axpy(width, -inverse * kernels::dot(width, unit, g), unit, to);
      }
    });
  });
  return y;
}

template <typename T>
Rows TilePass<T>::standardise(Rows x, double epsilon) {
  const Rows y = make(x.count, x.width, x.layout);
  const int64_t width = x.width;
  const T freedom = static_cast<T>(std::max<int64_t>(width - 1, 1));
  const T* ones = constant(width, T(1)).data;
  T* deviations = arena_.take<T>(x.count);
  const auto inverse_of = [epsilon](T deviation) {
    return T(1) / (deviation + static_cast<T>(epsilon));
  };
  for (int64_t r = 0; r < x.count; ++r) {
    const T* row = data(x) + r * width;
    T* to = data(y) + r * width;
    const T mean = kernels::dot(width, row, ones) / static_cast<T>(width);
    kernels::scale_shift(width, T(1), -mean, row, to);
    deviations[r] = std::sqrt(kernels::dot(width, to, to) / freedom);
    kernels::scale_shift(width, inverse_of(deviations[r]), T(0), to, to);
  }
  record([this, x, y, width, freedom, ones, deviations, inverse_of] {
    write_gradient(x, [&](T* to) {
      for (int64_t r = 0; r < x.count; ++r, to += width) {
        const T *row = data(y) + r * width, *g = grad(y) + r * width;
        const T inverse = inverse_of(deviations[r]);
        const T mean = kernels::dot(width, g, ones) / static_cast<T>(width);
        kernels::scale_shift(width, inverse, -inverse * mean, g, to);
        if (deviations[r] == T(0)) continue;  // where the deviation has no slope
        const T along = kernels::dot(width, row, g) / (freedom * deviations[r]);
        kernels::axpy(width, -along, row, to);
      }
    });
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
template Rows TilePass<float>::unit_rows(Rows, double);
template Rows TilePass<double>::apply(Function, Rows);
template Rows TilePass<double>::unit_rows(Rows, double);
template Rows TilePass<float>::standardise(Rows, double);
template Rows TilePass<double>::standardise(Rows, double);
template Rows TilePass<float>::dropout(Rows, double, Purpose, int64_t);
template Rows TilePass<double>::dropout(Rows, double, Purpose, int64_t);
template Rows TilePass<float>::beside(std::span<const Rows>);
template Rows TilePass<double>::beside(std::span<const Rows>);
template Rows TilePass<float>::columns(Rows, int64_t, int64_t);
template Rows TilePass<double>::columns(Rows, int64_t, int64_t);

}  // namespace truenext::net
