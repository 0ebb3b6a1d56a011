// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/random.h"

/// Inputs and comparisons shared by the kernel tests.
namespace truenext::kernels::testing {

/// Sizes around the vector widths (8, 16) and the tile (6 rows, 64 columns).
inline const std::vector<int64_t> kSizes = {0, 1, 7, 8, 9, 31, 64, 100};

/// n normal values, the same for the same seed.
template <typename T = float>
std::vector<T> random_values(int64_t n, uint64_t seed, double spread = 1.0) {
  RandomStream random(random_key(seed, Purpose::simulate));
  std::vector<T> values(static_cast<size_t>(n));
  for (T& value : values) value = static_cast<T>(spread * random.normal());
  return values;
}

inline std::vector<int32_t> random_ids(int64_t n, uint32_t below, uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::negatives));
  std::vector<int32_t> ids(static_cast<size_t>(n));
  for (int32_t& id : ids) id = static_cast<int32_t>(random.below(below));
  return ids;
}

/// Largest |a - b| relative to the largest |b| (at least 1).
template <typename T>
double difference(const std::vector<T>& a, const std::vector<T>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 1;
  double worst = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double x = static_cast<double>(a[i]);
    const double y = static_cast<double>(b[i]);
    largest = std::max(largest, std::abs(y));
    if (!(std::abs(x - y) <= worst)) worst = std::abs(x - y);  // also when not a number
    if (std::isnan(worst)) return worst;
  }
  return worst / largest;
}

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Gradient of `loss`() with respect to `values` by central differences in double.
template <typename Loss>
std::vector<double> numeric_gradient(std::vector<double>& values, const Loss& loss) {
  constexpr double kStep = 1e-5;
  std::vector<double> gradient(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double before = values[i];
    values[i] = before + kStep;
    const double above = loss();
    values[i] = before - kStep;
    const double below = loss();
    values[i] = before;
    gradient[i] = (above - below) / (2 * kStep);
  }
  return gradient;
}

inline double weighted_sum(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
  return sum;
}

}  // namespace truenext::kernels::testing
