// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// body(rows, gradients [rows.size(), dim]) over all touched rows of a gradient, in runs that lie
/// together. A row is touched when its gradient is not zero throughout: the same rows however the
/// gradient is stored.
template <typename Body>
void for_touched_rows(const TableGradient<float>& gradient, WorkerPool& pool, const Body& body) {
  constexpr int64_t kRangeFloats = int64_t{1} << 16;
  const int64_t dim = gradient.dim();
  const int64_t range = std::max<int64_t>(1, kRangeFloats / dim);
  const int64_t stored = static_cast<int64_t>(gradient.values().size()) / dim;
  pool.run((stored + range - 1) / range, [&](int64_t task, int) {
    const int64_t begin = task * range;
    const int64_t end = std::min(stored, begin + range);
    std::vector<int32_t> all;
    if (gradient.dense()) {
      all.resize(static_cast<size_t>(end - begin));
      std::iota(all.begin(), all.end(), static_cast<int32_t>(begin));
    }
    const int32_t* rows = gradient.dense() ? all.data() : gradient.rows().data() + begin;
    const float* values = gradient.values().data() + begin * dim;
    const auto touched = [&](int64_t i) {
      return std::any_of(values + i * dim, values + (i + 1) * dim, [](float v) { return v != 0; });
    };
    for (int64_t i = 0; i < end - begin;) {
      int64_t last = i;
      while (last < end - begin && touched(last)) ++last;
      if (last > i) body(std::span(rows + i, static_cast<size_t>(last - i)), values + i * dim);
      i = last + 1;
    }
  });
}

}  // namespace truenext
