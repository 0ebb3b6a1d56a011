// SPDX-License-Identifier: Apache-2.0
// Operations of TilePass on rows by number and on segments of rows.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "net/tape-inl.h"

namespace truenext::net {
namespace {

int64_t segments_of(const Offsets& offsets) {
  return static_cast<int64_t>(offsets.size()) - 1;
}

}  // namespace

template <typename T>
Rows TilePass<T>::gather(Rows x, Ids ids, Layout layout) {
  const Rows y = make(static_cast<int64_t>(ids.size()), x.width, layout);
  const T* from = data(x);
  T* to = data(y);
  for (const int32_t id : ids) {
    if (id >= 0) {
      std::copy_n(from + id * x.width, x.width, to);
    } else {
      std::fill_n(to, x.width, T(0));
    }
    to += x.width;
  }
  record([this, x, y, ids = std::move(ids)] {
    const T* g = grad(y);
    T* back = grad(x);
    for (const int32_t id : ids) {
      if (id >= 0) kernels::axpy(x.width, T(1), g, back + id * x.width);
      g += x.width;
    }
  });
  return y;
}

template <typename T>
Rows TilePass<T>::scatter_sum(Rows x, Ids ids, int64_t count, Layout layout) {
  assert(static_cast<int64_t>(ids.size()) == x.count);
  const Rows y = make(count, x.width, layout);
  std::fill_n(data(y), y.size(), T(0));
  const T* from = data(x);
  for (const int32_t id : ids) {
    if (id >= 0) kernels::axpy(x.width, T(1), from, data(y) + id * x.width);
    from += x.width;
  }
  record([this, x, y, ids = std::move(ids)] {
    T* back = grad(x);
    for (const int32_t id : ids) {
      if (id >= 0) kernels::axpy(x.width, T(1), grad(y) + id * x.width, back);
      back += x.width;
    }
  });
  return y;
}

template <typename T>
Rows TilePass<T>::weigh(Rows x, std::span<const float> weights) {
  assert(static_cast<int64_t>(weights.size()) == x.count);
  const Rows y = make(x.count, x.width, x.layout);
  std::fill_n(data(y), y.size(), T(0));
  for (int64_t r = 0; r < x.count; ++r) {
    kernels::axpy(x.width, static_cast<T>(weights[r]), data(x) + r * x.width,
                  data(y) + r * x.width);
  }
  record([this, x, y, kept = std::vector<float>(weights.begin(), weights.end())] {
    for (int64_t r = 0; r < x.count; ++r) {
      kernels::axpy(x.width, static_cast<T>(kept[r]), grad(y) + r * x.width, grad(x) + r * x.width);
    }
  });
  return y;
}

template <typename T>
Rows TilePass<T>::segment_sum(Rows x, Offsets offsets, Layout layout) {
  assert(offsets.back() == x.count);
  const Rows y = make(segments_of(offsets), x.width, layout);
  std::fill_n(data(y), y.size(), T(0));
  for (int64_t s = 0; s < y.count; ++s) {
    for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
      kernels::axpy(x.width, T(1), data(x) + i * x.width, data(y) + s * x.width);
    }
  }
  record([this, x, y, offsets = std::move(offsets)] {
    for (int64_t s = 0; s < y.count; ++s) {
      for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
        kernels::axpy(x.width, T(1), grad(y) + s * x.width, grad(x) + i * x.width);
      }
    }
  });
  return y;
}

template <typename T>
Rows TilePass<T>::segment_max(Rows x, Offsets offsets, Layout layout) {
  assert(offsets.back() == x.count);
  const int64_t width = x.width;
  const Rows y = make(segments_of(offsets), width, layout);
  std::vector<int64_t> best(static_cast<size_t>(y.size()), -1);  // the first of equals
  std::fill_n(data(y), y.size(), T(0));
  for (int64_t s = 0; s < y.count; ++s) {
    for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
      for (int64_t c = 0; c < width; ++c) {
        const T value = data(x)[i * width + c];
        int64_t& from = best[s * width + c];
        if (from >= 0 && !(value > data(y)[s * width + c])) continue;
        from = i;
        data(y)[s * width + c] = value;
      }
    }
  }
  record([this, x, y, width, best = std::move(best)] {
    T* back = grad(x);
    for (int64_t i = 0; i < y.size(); ++i) {
      if (best[i] >= 0) back[best[i] * width + i % width] += grad(y)[i];
    }
  });
  return y;
}

template <typename T>
Rows TilePass<T>::segment_softmax(Rows x, Offsets offsets) {
  assert(offsets.back() == x.count);
  const int64_t width = x.width;
  const Rows y = make(x.count, width, x.layout);
  for (int64_t s = 0; s < segments_of(offsets); ++s) {
    for (int64_t c = 0; c < width; ++c) {
      const auto each = [&](const auto& body) {
        for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) body(i * width + c);
      };
      T top = -std::numeric_limits<T>::infinity(), sum = 0;
      each([&](int64_t i) { top = std::max(top, data(x)[i]); });
      each([&](int64_t i) { sum += data(y)[i] = std::exp(data(x)[i] - top); });
      each([&](int64_t i) { data(y)[i] /= sum; });
    }
  }
  record([this, x, y, width, offsets = std::move(offsets)] {
    const T *p = data(y), *g = grad(y);
    T* back = grad(x);
    for (int64_t s = 0; s < segments_of(offsets); ++s) {
      for (int64_t c = 0; c < width; ++c) {
        T mean = 0;
        for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
          mean += p[i * width + c] * g[i * width + c];
        }
        for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
          back[i * width + c] += p[i * width + c] * (g[i * width + c] - mean);
        }
      }
    }
  });
  return y;
}

template Rows TilePass<float>::gather(Rows, Ids, Layout);
template Rows TilePass<double>::gather(Rows, Ids, Layout);
template Rows TilePass<float>::scatter_sum(Rows, Ids, int64_t, Layout);
template Rows TilePass<double>::scatter_sum(Rows, Ids, int64_t, Layout);
template Rows TilePass<float>::weigh(Rows, std::span<const float>);
template Rows TilePass<double>::weigh(Rows, std::span<const float>);
template Rows TilePass<float>::segment_sum(Rows, Offsets, Layout);
template Rows TilePass<double>::segment_sum(Rows, Offsets, Layout);
template Rows TilePass<float>::segment_max(Rows, Offsets, Layout);
template Rows TilePass<double>::segment_max(Rows, Offsets, Layout);
template Rows TilePass<float>::segment_softmax(Rows, Offsets);
template Rows TilePass<double>::segment_softmax(Rows, Offsets);

}  // namespace truenext::net
