// SPDX-License-Identifier: Apache-2.0
#include "eval/mixing.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "kernels/kernels.h"
#include "kernels/logistic.h"

namespace truenext {
namespace {

/// Items worked at a time: scratch on the stack that stays in the first-level cache.
constexpr int64_t kPiece = 512;
/// Averages that differ by less, relative, are equal: they are sums of the same numbers in another
/// order.
constexpr double kEqual = 1e-12;

/// ln sum e^x over numbers that arrive in pieces, relative to the largest so far.
class LogSum {
 public:
  void add(int64_t n, const double* x) {
    float rounded[kPiece];
    bool broken = false;  // kernels may lose NaN
    for (int64_t i = 0; i < n; ++i) {
      rounded[i] = static_cast<float>(x[i]);
      broken |= std::isnan(x[i]) || x[i] == std::numeric_limits<double>::infinity();
    }
    if (broken) sum_ = std::numeric_limits<double>::quiet_NaN();
    const float top = std::max(top_, kernels::maximum(n, rounded));
    // Nothing is subtracted while all are minus infinity, for the difference would be NaN.
    const double shift = std::isinf(top) && top < 0 ? 0 : static_cast<double>(top);
    for (int64_t i = 0; i < n; ++i) rounded[i] = static_cast<float>(x[i] - shift);
    const double sum = kernels::exp_sum(n, 0, rounded);
    sum_ = (sum_ > 0 ? sum_ * std::exp(static_cast<double>(top_) - shift) : sum_) + sum;
    top_ = top;
  }
  bool empty() const { return sum_ == 0; }
  double value() const { return static_cast<double>(top_) + std::log(sum_); }

 private:
  float top_ = -std::numeric_limits<float>::infinity();
  double sum_ = 0;
};

/// call(first, n) for the pieces of a row.
template <typename Call>
void for_each_piece(int64_t items, const Call& call) {
  for (int64_t first = 0; first < items; first += kPiece) {
    call(first, std::min(kPiece, items - first));
  }
}

/// total[n] += weight e^(s per_temperature - log_sum)
void add_probabilities(int64_t n, const float* scores, double per_temperature, double weight,
                       double log_sum, double* total) {
  float x[kPiece];
  for (int64_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(static_cast<double>(scores[i]) * per_temperature - log_sum);
  }
  kernels::exp_shifted(n, 0, x);
  for (int64_t i = 0; i < n; ++i) total[i] += weight * static_cast<double>(x[i]);
}

}  // namespace

Mixer::Mixer(MixingOptions options, int64_t members)
    : options_(std::move(options)), shares_(options_.weights) {
  check_usage(members >= 1, "no member to mix; name at least one");
  check_usage(!options_.running_sum || options_.mixing == Mixing::early_exit,
              "running_sum: only \"early-exit\" adds teachers up, and mixing is \"{}\"",
              word_of(options_.mixing));
  check_usage(options_.temperature > 0 && std::isfinite(options_.temperature),
              "temperature {}: a finite number above 0 was expected", options_.temperature);
  if (shares_.empty()) shares_.assign(static_cast<size_t>(members), 1.0);
  check_usage(std::ssize(shares_) == members, "{} weights for {} members; give one to each",
              shares_.size(), members);
  for (const double weight : shares_) {
    check_usage(weight >= 0 && std::isfinite(weight),
                "weight {}: a finite number that is not negative was expected", weight);
  }
  const double sum = std::accumulate(shares_.begin(), shares_.end(), 0.0);
  check_usage(sum > 0 && std::isfinite(sum), "the weights add up to {}; give one above 0", sum);
  for (double& share : shares_) share /= sum;
  per_temperature_ = 1 / options_.temperature;
}

void Mixer::average_logits(std::span<const float* const> rows, int64_t first, int64_t n,
                           const double* weight, double* total) const {
  std::fill_n(total, n, 0.0);
  for (size_t k = 0; k < rows.size(); ++k) {
    if (weight[k] == 0) continue;  // minus infinity times 0 is NaN
    const double factor = weight[k] * per_temperature_;
    const float* scores = rows[k] + first;
    for (int64_t i = 0; i < n; ++i) total[i] += factor * static_cast<double>(scores[i]);
  }
}

void Mixer::survey_logits(std::span<const float* const> rows, int64_t items, double* weight,
                          double* log_sum) const {
  std::copy(shares_.begin(), shares_.end(), weight);
  LogSum sum;
  for_each_piece(items, [&](int64_t first, int64_t n) {
    double total[kPiece];
    average_logits(rows, first, n, weight, total);
    sum.add(n, total);
  });
  std::fill_n(log_sum, members(), 0.0);
  if (!sum.empty()) log_sum[0] = sum.value();
}

int64_t Mixer::exit_after(std::span<const float* const> rows, int64_t items, const double* weight,
                          const double* log_sum) const {
  std::vector<double> largest(rows.size(), 0.0);
  for_each_piece(items, [&](int64_t first, int64_t n) {
    double total[kPiece] = {};
    for (size_t k = 0; k < rows.size(); ++k) {
      if (weight[k] == 0) continue;
      add_probabilities(n, rows[k] + first, per_temperature_, weight[k], log_sum[k], total);
      largest[k] = std::max(largest[k], *std::max_element(total, total + n));
    }
  });
  int64_t used = 0;
  double best = 0;
  double weights = 0;
  for (size_t k = 0; k < rows.size(); ++k) {
    if (weight[k] == 0) continue;
    weights += weight[k];
    if (largest[k] / weights <= best * (1 + kEqual)) continue;
    best = largest[k] / weights;
    used = static_cast<int64_t>(k) + 1;
  }
  return used;
}

void Mixer::survey(std::span<const float* const> rows, int64_t items, double* weight,
                   double* log_sum) const {
  assert(std::ssize(rows) == members());
  if (options_.mixing == Mixing::logit) return survey_logits(rows, items, weight, log_sum);
  for (size_t k = 0; k < rows.size(); ++k) {
    LogSum sum;
    for_each_piece(items, [&](int64_t first, int64_t n) {
      double x[kPiece];
      for (int64_t i = 0; i < n; ++i) {
        x[i] = static_cast<double>(rows[k][first + i]) * per_temperature_;
      }
      sum.add(n, x);
    });
    log_sum[k] = sum.empty() ? 0 : sum.value();
    weight[k] = sum.empty() ? 0 : shares_[k];
    if (options_.mixing == Mixing::confidence && !sum.empty()) {
      const auto top = static_cast<double>(kernels::maximum(items, rows[k]));
      weight[k] *= std::exp(top * per_temperature_ - log_sum[k]);
    }
  }
  double* const end = weight + members();
  if (options_.mixing == Mixing::early_exit) {
    std::fill(weight + exit_after(rows, items, weight, log_sum), end, 0.0);
    if (options_.running_sum) {
      for (size_t k = 0; k < rows.size(); ++k) {
        if (weight[k] > 0) weight[k] = options_.weights.empty() ? 1 : options_.weights[k];
      }
      return;
    }
  }
  const double all = std::accumulate(weight, end, 0.0);
  if (all == 0) return;
  for (double* w = weight; w < end; ++w) *w /= all;
}

void Mixer::probabilities(std::span<const float* const> pieces, int64_t items, const double* weight,
                          const double* log_sum, float* out) const {
  assert(std::ssize(pieces) == members());
  for_each_piece(items, [&](int64_t first, int64_t n) {
    double total[kPiece] = {};
    if (options_.mixing == Mixing::logit) {
      average_logits(pieces, first, n, weight, total);
      for (int64_t i = 0; i < n; ++i) out[first + i] = static_cast<float>(total[i] - log_sum[0]);
      return kernels::exp_shifted(n, 0, out + first);
    }
    for (size_t k = 0; k < pieces.size(); ++k) {
      if (weight[k] == 0) continue;
      add_probabilities(n, pieces[k] + first, per_temperature_, weight[k], log_sum[k], total);
    }
    for (int64_t i = 0; i < n; ++i) out[first + i] = static_cast<float>(total[i]);
  });
}

}  // namespace truenext
