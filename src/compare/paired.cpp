// SPDX-License-Identifier: Apache-2.0
#include "compare/paired.h"

#include <cmath>
#include <limits>

namespace truenext {

std::vector<double> PairedDifferences::by_user() const {
  std::vector<double> rows(columns.size() * static_cast<size_t>(users()));
  for (size_t metric = 0; metric < columns.size(); ++metric) {
    for (size_t user = 0; user < columns[metric].size(); ++user) {
      rows[user * columns.size() + metric] = columns[metric][user];
    }
  }
  return rows;
}

PairedSummary summarise_paired(std::span<const double> differences) {
  PairedSummary summary;
  const auto count = static_cast<double>(differences.size());
  if (differences.empty()) return summary;
  double sum = 0;
  for (const double value : differences) sum += value;
  summary.mean = sum / count;
  if (differences.size() < 2) return summary;
  double squares = 0;
  for (const double value : differences) squares += (value - summary.mean) * (value - summary.mean);
  summary.standard_deviation = std::sqrt(squares / (count - 1));
  summary.standard_error = summary.standard_deviation / std::sqrt(count);
  if (summary.standard_deviation > 0) {
    summary.effect = summary.mean / summary.standard_deviation;
  } else if (summary.mean != 0) {
    summary.effect = std::copysign(std::numeric_limits<double>::infinity(), summary.mean);
  }
  return summary;
}

}  // namespace truenext
