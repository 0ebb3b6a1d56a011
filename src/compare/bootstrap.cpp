// SPDX-License-Identifier: Apache-2.0
#include "compare/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>

#include "base/random.h"
#include "compare/distributions.h"

namespace truenext {
namespace {

constexpr double kOutside = 0.025;  ///< on either side of the interval

/// Means of every metric in every resample: [metric][resample].
std::vector<std::vector<double>> resampled_means(const PairedDifferences& differences,
                                                 const Resampling& resampling, WorkerPool& pool) {
  const size_t metrics = differences.columns.size();
  const auto users = static_cast<uint32_t>(differences.users());
  const std::vector<double> rows = differences.by_user();
  const PhiloxKey key = random_key(resampling.seed, Purpose::bootstrap);
  std::vector<std::vector<double>> means(
      metrics, std::vector<double>(static_cast<size_t>(resampling.resamples)));
  pool.run(resampling.resamples, [&](int64_t task, int) {
    RandomStream random(key, static_cast<uint64_t>(task));
    std::vector<double> sums(metrics);
    for (uint32_t draw = 0; draw < users; ++draw) {
      const double* row = rows.data() + size_t{random.below(users)} * metrics;
      for (size_t metric = 0; metric < metrics; ++metric) sums[metric] += row[metric];
    }
    for (size_t metric = 0; metric < metrics; ++metric) {
      means[metric][static_cast<size_t>(task)] = sums[metric] / static_cast<double>(users);
    }
  });
  return means;
}

/// Value at a share of the sorted resamples.
double at_share(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() + 1) - 1;
  const double last = static_cast<double>(sorted.size() - 1);
  const auto index = static_cast<size_t>(std::clamp(std::round(place), 0.0, last));
  return sorted[index];
}

double acceleration(std::span<const double> values, double mean) {
  double squares = 0, cubes = 0;
  for (const double value : values) {
    const double centred = value - mean;
    squares += centred * centred;
    cubes += centred * centred * centred;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

/// Share of resamples that stand for the normal quantile z after correction.
double corrected_share(double z, double bias, double accelerated) {
  const double shifted = bias + z;
  return normal_cdf(bias + shifted / (1 - accelerated * shifted));
}

Interval interval_of(std::span<const double> values, std::vector<double>* means) {
  const PairedSummary summary = summarise_paired(values);
  if (summary.standard_deviation == 0) return {summary.mean, summary.mean};
  std::sort(means->begin(), means->end());
  const auto lower = std::lower_bound(means->begin(), means->end(), summary.mean);
  const auto upper = std::upper_bound(means->begin(), means->end(), summary.mean);
  // Resamples that equal the mean count half: few distinct values must not look like a bias.
  const double below =
      static_cast<double>(lower - means->begin()) + 0.5 * static_cast<double>(upper - lower);
  const double bias = normal_quantile((below + 0.5) / (static_cast<double>(means->size()) + 1));
  const double accelerated = acceleration(values, summary.mean);
  const double z = normal_quantile(kOutside);
  return {at_share(*means, corrected_share(z, bias, accelerated)),
          at_share(*means, corrected_share(-z, bias, accelerated))};
}

}  // namespace

std::vector<Interval> bootstrap_intervals(const PairedDifferences& differences,
                                          const Resampling& resampling, WorkerPool& pool) {
  assert(differences.users() > 0 && resampling.resamples > 0);
  std::vector<std::vector<double>> means = resampled_means(differences, resampling, pool);
  std::vector<Interval> intervals;
  for (size_t metric = 0; metric < means.size(); ++metric) {
    intervals.push_back(interval_of(differences.columns[metric], &means[metric]));
  }
  return intervals;
}

}  // namespace truenext
