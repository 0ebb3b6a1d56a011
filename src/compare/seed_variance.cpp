// SPDX-License-Identifier: Apache-2.0
#include "compare/seed_variance.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "compare/distributions.h"
#include "compare/paired.h"

namespace upnext {
namespace {

/// Means and sums of squares of one side, over users and over runs.
struct SideMoments {
  std::vector<double> user_means;  ///< over runs
  double mean = 0;
  double run_squares = 0;   ///< of run means around the mean
  double rest_squares = 0;  ///< of what neither user nor run explains
};

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

SideMoments moments_of(const RunColumns& side) {
  SideMoments moments;
  const size_t users = side.front().size();
  const auto runs = static_cast<double>(side.size());
  moments.user_means.resize(users);
  for (const auto& run : side) {
    for (size_t user = 0; user < users; ++user) moments.user_means[user] += run[user] / runs;
  }
  moments.mean = mean_of(moments.user_means);
  for (const auto& run : side) {
    const double off = mean_of(run) - moments.mean;
    moments.run_squares += off * off;
    for (size_t user = 0; user < users; ++user) {
      const double rest = run[user] - moments.user_means[user] - off;
      moments.rest_squares += rest * rest;
    }
  }
  return moments;
}

void judge(SeedComparison* result) {
  if (result->standard_error <= 0) {
    // Neither users nor seeds make a difference: whatever is left is exact.
    result->p = result->difference == 0 ? 1 : 0;
    result->low = result->high = result->difference;
    return;
  }
  const double t = std::abs(result->difference) / result->standard_error;
  result->p = 2 * student_tail(t, result->df);
  const double half = student_quantile(0.975, result->df) * result->standard_error;
  result->low = result->difference - half;
  result->high = result->difference + half;
}

}  // namespace

SeedComparison compare_with_seeds(const RunColumns& a, const RunColumns& b) {
  assert(!a.empty() && !b.empty() && a.size() + b.size() > 2 && !a.front().empty());
  const SideMoments side_a = moments_of(a), side_b = moments_of(b);
  const auto users = static_cast<double>(a.front().size());
  const double free_runs = static_cast<double>(a.size() + b.size()) - 2;
  const double weight = 1 / static_cast<double>(a.size()) + 1 / static_cast<double>(b.size());
  std::vector<double> differences(side_b.user_means);
  for (size_t user = 0; user < differences.size(); ++user) {
    differences[user] -= side_a.user_means[user];
  }
  const double user_error = summarise_paired(differences).standard_error;
  const double run_variance = (side_a.run_squares + side_b.run_squares) / free_runs;
  const double free_rest = std::max(1.0, free_runs * (users - 1));
  const double rest_part = (side_a.rest_squares + side_b.rest_squares) / free_rest * weight / users;
  const double user_part = std::max(0.0, user_error * user_error - rest_part);
  const double seed_part = run_variance * weight;
  const double variance = user_part + seed_part;
  SeedComparison result;
  result.difference = side_b.mean - side_a.mean;
  result.standard_error = std::sqrt(variance);
  result.run_sd = std::sqrt(run_variance);
  result.df = free_runs;
  if (variance > 0) {
    result.seed_share = seed_part / variance;
    result.df =
        variance * variance /
        (user_part * user_part / std::max(1.0, users - 1) + seed_part * seed_part / free_runs);
  }
  judge(&result);
  return result;
}

}  // namespace upnext
