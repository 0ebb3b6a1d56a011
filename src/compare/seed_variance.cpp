// SPDX-License-Identifier: Apache-2.0
#include "compare/seed_variance.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "compare/distributions.h"
#include "compare/paired.h"

namespace truenext {
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

/// The parts of the variance, and what they are worth.
struct VarianceParts {
  double user = 0;                  ///< by user alone, side x user with it
  double seed = 0;                  ///< by seed, seed x user with it
  double rest = 0;                  ///< by seed x user: what `seed` cannot truly be below
  double user_df = 1, seed_df = 1;  ///< degrees of freedom
};

/// Interval, degrees of freedom and p of `value`.
SeedEstimate judged(double value, const VarianceParts& parts) {
  SeedEstimate result;
  result.value = value;
  result.low = result.high = value;
  result.df = parts.seed_df;
  const double variance = parts.user + parts.seed;
  if (variance <= 0) {
    // Neither users nor seeds make a difference: whatever is left is exact.
    result.p = value == 0 ? 1 : 0;
    return result;
  }
  result.standard_error = std::sqrt(variance);
  result.seed_share = parts.seed / variance;
  // Runs that agree by luck give a small `seed`; taken at its word it would also claim many degrees
  // of freedom.
  const double seed = std::max(parts.seed, parts.rest);
  result.df = std::max(std::min(parts.user_df, parts.seed_df),
                       variance * variance /
                           (parts.user * parts.user / parts.user_df + seed * seed / parts.seed_df));
  result.p = 2 * student_tail(std::abs(value) / result.standard_error, result.df);
  const double half = student_quantile(0.975, result.df) * result.standard_error;
  result.low = value - half;
  result.high = value + half;
  return result;
}

/// `by_user` is what is averaged over users (a side's mean over runs, or the difference of two);
/// the squares are summed over the sides, `weight` is the sum of 1 / runs.
struct Summed {
  std::span<const double> by_user;
  double run_squares = 0, rest_squares = 0;
  double free_runs = 0, weight = 0;
};

SeedEstimate estimate(const Summed& summed) {
  const auto users = static_cast<double>(summed.by_user.size());
  const PairedSummary over_users = summarise_paired(summed.by_user);
  const double run_variance = summed.run_squares / summed.free_runs;
  const double free_rest = std::max(1.0, summed.free_runs * (users - 1));
  const double rest = summed.rest_squares / free_rest * summed.weight / users;
  VarianceParts parts;
  parts.rest = rest;
  parts.user = std::max(0.0, over_users.standard_error * over_users.standard_error - rest);
  parts.seed = run_variance * summed.weight;
  parts.user_df = std::max(1.0, users - 1);
  parts.seed_df = summed.free_runs;
  SeedEstimate result = judged(over_users.mean, parts);
  result.run_sd = std::sqrt(run_variance);
  return result;
}

}  // namespace

SeedEstimate compare_with_seeds(const RunColumns& a, const RunColumns& b) {
  assert(!a.empty() && !b.empty() && a.size() + b.size() > 2 && !a.front().empty());
  const SideMoments side_a = moments_of(a), side_b = moments_of(b);
  std::vector<double> differences(side_b.user_means);
  for (size_t user = 0; user < differences.size(); ++user) {
    differences[user] -= side_a.user_means[user];
  }
  const auto runs_a = static_cast<double>(a.size()), runs_b = static_cast<double>(b.size());
  return estimate({differences, side_a.run_squares + side_b.run_squares,
                   side_a.rest_squares + side_b.rest_squares, runs_a + runs_b - 2,
                   1 / runs_a + 1 / runs_b});
}

SeedEstimate mean_with_seeds(const RunColumns& side) {
  assert(side.size() > 1 && !side.front().empty());
  const SideMoments moments = moments_of(side);
  const auto runs = static_cast<double>(side.size());
  const SeedEstimate both =
      estimate({moments.user_means, moments.run_squares, moments.rest_squares, runs - 1, 1 / runs});
  const double user_error = summarise_paired(moments.user_means).standard_error;
  if (both.standard_error >= user_error) return both;
  SeedEstimate floor = judged(
      both.value,
      {.user = user_error * user_error, .user_df = static_cast<double>(side.front().size()) - 1});
  floor.run_sd = both.run_sd;
  return floor;
}

}  // namespace truenext
