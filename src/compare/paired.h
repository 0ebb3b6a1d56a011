// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace truenext {

/// What two sides differ by for every user: `columns[metric][user]`, baseline subtracted.
struct PairedDifferences {
  std::vector<std::vector<double>> columns;

  int64_t users() const {
    return columns.empty() ? 0 : static_cast<int64_t>(columns.front().size());
  }
  /// `[users, metrics]`: drawing a user touches one stretch of memory for all metrics.
  std::vector<double> by_user() const;
};

/// Mean, spread and effect size of paired differences.
struct PairedSummary {
  double mean = 0;
  double standard_deviation = 0;  ///< over users, n - 1 in the denominator
  double standard_error = 0;      ///< of the mean, users drawn at random
  /// Cohen's d_z = mean / standard deviation of the differences (Lakens, Frontiers in Psychology
  /// 2013); 0 when there is no difference at all.
  double effect = 0;
};
PairedSummary summarise_paired(std::span<const double> differences);

/// An interval of the mean difference.
struct Interval {
  double low = 0, high = 0;
};

}  // namespace truenext
