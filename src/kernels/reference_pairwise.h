// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/pairwise.h"

/// The slow twins of kernels/pairwise.h, for float and double; the contracts are written there.
namespace truenext::kernels::reference {

namespace detail {

/// s(d), s(-d) and ln(1 + e^d), each to full precision.
struct Logistic {
  double up, down, softplus;

  explicit Logistic(double d) {
    const double e = std::exp(-std::abs(d));
    const double large = 1.0 / (1.0 + e);
    const double small = e / (1.0 + e);
    up = d >= 0 ? large : small;
    down = d >= 0 ? small : large;
    softplus = std::max(d, 0.0) + std::log1p(e);
  }
};

}  // namespace detail

template <typename T>
PairSums pair_softplus(int64_t n, T positive, T weight, const T* x, T* grad) {
  PairSums sums;
  for (int64_t i = 0; i < n; ++i) {
    const detail::Logistic pair(static_cast<double>(x[i]) - static_cast<double>(positive));
    sums.value += pair.softplus;
    sums.slope += pair.up;
    grad[i] += static_cast<T>(static_cast<double>(weight) * pair.up);
  }
  return sums;
}

template <typename T>
PairSums pair_exponentials(int64_t n, T positive, T shift, const T* x, T* out) {
  PairSums sums;
  for (int64_t i = 0; i < n; ++i) {
    const detail::Logistic pair(static_cast<double>(x[i]) - static_cast<double>(positive));
    const double e =
        std::exp(static_cast<double>(x[i]) - static_cast<double>(shift) - pair.softplus);
    sums.value += e;
    sums.slope += e * pair.up;
    out[i] = static_cast<T>(e * pair.down);
  }
  return sums;
}

template <typename T>
PairSums pair_sigmoid(int64_t n, T positive, T weight, const T* x, const T* share, T* value,
                      T* slope) {
  PairSums sums;
  for (int64_t i = 0; i < n; ++i) {
    const detail::Logistic pair(static_cast<double>(x[i]) - static_cast<double>(positive));
    sums.value += static_cast<double>(share[i]) * pair.up;
    sums.slope += static_cast<double>(share[i]) * pair.up * pair.down;
    value[i] += static_cast<T>(static_cast<double>(weight) * pair.up);
    slope[i] += static_cast<T>(static_cast<double>(weight) * pair.up * pair.down);
  }
  return sums;
}

template <typename T>
double square_sigmoid(int64_t n, T weight, const T* x, const T* share, T* value, T* slope) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double score = static_cast<double>(x[i]);
    const detail::Logistic square(score * score);
    sum += static_cast<double>(share[i]) * square.up;
    value[i] += static_cast<T>(static_cast<double>(weight) * square.up);
    slope[i] += static_cast<T>(static_cast<double>(weight) * 2 * score * square.up * square.down);
  }
  return sum;
}

}  // namespace truenext::kernels::reference

/// The kernels' names for double, for code that is templated on the scalar type.
namespace truenext::kernels {

inline PairSums pair_softplus(int64_t n, double positive, double weight, const double* x,
                              double* grad) {
  return reference::pair_softplus(n, positive, weight, x, grad);
}
inline PairSums pair_exponentials(int64_t n, double positive, double shift, const double* x,
                                  double* out) {
  return reference::pair_exponentials(n, positive, shift, x, out);
}
inline PairSums pair_sigmoid(int64_t n, double positive, double weight, const double* x,
                             const double* share, double* value, double* slope) {
  return reference::pair_sigmoid(n, positive, weight, x, share, value, slope);
}
inline double square_sigmoid(int64_t n, double weight, const double* x, const double* share,
                             double* value, double* slope) {
  return reference::square_sigmoid(n, weight, x, share, value, slope);
}

}  // namespace truenext::kernels
