// SPDX-License-Identifier: Apache-2.0
#include "compare/distributions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace truenext {
namespace {

constexpr double kTiny = 1e-300;

constexpr int kMostTerms = 10000;

constexpr double kPrecision = 1e-15;

constexpr double kAsGoodAsNormal = 1e7;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double not_zero(double x) {
  return std::abs(x) < kTiny ? kTiny : x;
}

/// Continued fraction of I_x(a, b), DLMF 8.17.22, evaluated forwards (Lentz); converges quickly for
/// x below (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  double c = 1;
  double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / not_zero(1 + even * d);
    c = not_zero(1 + even / c);
    value *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / not_zero(1 + odd * d);
    c = not_zero(1 + odd / c);
    const double factor = c * d;
    value *= factor;
    if (std::abs(factor - 1) < kPrecision) break;
  }
  return value;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/// Where the falling function `tail` of x >= 0 passes `level`: doubling, then halving.
template <typename Tail>
double upper_quantile(const Tail& tail, double level) {
  double low = 0, high = 1;
  while (tail(high) > level && high < 1e300) {
    low = high;
    high *= 2;
  }
  for (int step = 0; step < 200; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (tail(middle) > level ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

double normal_quantile(double p) {
  if (p <= 0) return -kInfinity;
  if (p >= 1) return kInfinity;
  if (p == 0.5) return 0;
  const double x = upper_quantile([](double t) { return normal_cdf(-t); }, std::min(p, 1 - p));
  return p < 0.5 ? -x : x;
}

double student_tail(double t, double df) {
  if (df >= kAsGoodAsNormal) return normal_cdf(-t);
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  const double both = incomplete_beta(0.5 * df, 0.5, df / (df + t * t));
  return t >= 0 ? 0.5 * both : 1 - 0.5 * both;
}

double student_quantile(double p, double df) {
  if (p <= 0) return -kInfinity;
  if (p >= 1) return kInfinity;
  if (p == 0.5) return 0;
  const double t =
      upper_quantile([df](double x) { return student_tail(x, df); }, std::min(p, 1 - p));
  return p < 0.5 ? -t : t;
}

}  // namespace truenext
