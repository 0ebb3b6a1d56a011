// SPDX-License-Identifier: Apache-2.0
#include "objectives/pretext_loss.h"

#include <algorithm>
#include <vector>

#include "kernels/overloads.h"
#include "objectives/logistic.h"

namespace truenext {
namespace {

/// Rows whose scores are held at once: 64 x 1,000 attributes are 256 kB.
constexpr int64_t kRowsAtOnce = 64;

/// f(score) and its slope.
struct Compared {
  double value, slope;
};
Compared compared(double score, PairScores scores) {
  if (scores == PairScores::logits) return {score, 1};
  const double p = sigmoid(score);
  return {p, p * (1 - p)};
}

/// Takes the item's attributes out of the loss of negatives, and out of the gradients.
template <typename T>
double take_attributes(std::span<const int32_t> attributes, std::span<const T> scores,
                       std::span<T> slopes) {
  double sum = 0;
  for (auto a = attributes.begin(); a != attributes.end(); ++a) {
    if (std::find(attributes.begin(), a, *a) != a) continue;
    sum += static_cast<double>(scores[static_cast<size_t>(*a)]);
    slopes[static_cast<size_t>(*a)] -= T(1);
  }
  return sum;
}

}  // namespace

template <typename T>
double pair_loss(const PairRows<T>& rows, PairScores scores, double factor) {
  double loss = 0;
  for (int64_t r = 0; r < rows.count; ++r) {
    const int64_t at = r * rows.dim;
    const T *x = rows.x + at, *p = rows.positive + at, *n = rows.negative + at;
    const auto score = [&](const T* y) {
      return compared(static_cast<double>(kernels::dot(rows.dim, x, y)), scores);
    };
    const Compared good = score(p), bad = score(n);
    loss += softplus(bad.value - good.value);
    const double slope = factor * sigmoid(bad.value - good.value);
    const T up = static_cast<T>(slope * bad.slope), down = static_cast<T>(-slope * good.slope);
    kernels::axpy(rows.dim, up, n, rows.x_grad + at);
    kernels::axpy(rows.dim, down, p, rows.x_grad + at);
    kernels::axpy(rows.dim, up, x, rows.negative_grad + at);
    kernels::axpy(rows.dim, down, x, rows.positive_grad + at);
  }
  return factor * loss;
}

template <typename T>
double attribute_loss(const AttributeRows<T>& rows, double factor) {
  const int64_t width = rows.num_attributes, dim = rows.dim;
  std::vector<T> scores(static_cast<size_t>(std::min(kRowsAtOnce, rows.count) * width));
  std::vector<T> slopes(scores.size());
  double loss = 0;
  for (int64_t begin = 0; begin < rows.count; begin += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, rows.count - begin);
    const T* x = rows.x + begin * dim;
    kernels::gemm_nt(count, width, dim, x, dim, rows.table, dim, scores.data(), width, false);
    std::copy_n(scores.data(), count * width, slopes.data());
    for (int64_t r = 0; r < count; ++r) {
      const auto at = static_cast<size_t>(r * width), size = static_cast<size_t>(width);
      const std::span<T> row = std::span(slopes).subspan(at, size);
      loss += softplus_sum(row);
      const auto item = static_cast<int64_t>(rows.items[static_cast<size_t>(begin + r)]);
      loss -=
          take_attributes<T>(rows.attributes.row(item), std::span(scores).subspan(at, size), row);
    }
    kernels::scale(count * width, static_cast<T>(factor), slopes.data());
    kernels::gemm_nn(count, dim, width, slopes.data(), width, rows.table, dim,
                     rows.x_grad + begin * dim, dim, true);
    kernels::gemm_tn(width, dim, count, slopes.data(), width, x, dim, rows.table_grad, dim, true);
  }
  return factor * loss;
}

template double pair_loss(const PairRows<float>&, PairScores, double);
template double pair_loss(const PairRows<double>&, PairScores, double);
template double attribute_loss(const AttributeRows<float>&, double);
template double attribute_loss(const AttributeRows<double>&, double);

}  // namespace truenext
