// SPDX-License-Identifier: Apache-2.0
#include "compare/comparison.h"

#include <limits>
#include <span>
#include <utility>

#include "base/error.h"
#include "compare/holm.h"
#include "compare/randomisation.h"
#include "compare/seed_variance.h"

namespace truenext {
namespace {

constexpr double kLevel = 0.05;

/// Mean over the side's runs for every user.
std::vector<double> user_means(const RunColumns& runs) {
  std::vector<double> means(runs.front().size());
  for (const auto& run : runs) {
    for (size_t user = 0; user < means.size(); ++user) {
      means[user] += run[user] / static_cast<double>(runs.size());
    }
  }
  return means;
}

PairedDifferences differences_of(const Side& a, const Side& b,
                                 const std::vector<std::string>& metrics) {
  PairedDifferences differences;
  for (const std::string& metric : metrics) {
    std::vector<double> column = user_means(b.columns(metric));
    const std::vector<double> base = user_means(a.columns(metric));
    for (size_t user = 0; user < column.size(); ++user) column[user] -= base[user];
    differences.columns.push_back(std::move(column));
  }
  return differences;
}

Comparison described(const Side& a, const Side& b, const std::string& metric,
                     std::span<const double> differences) {
  Comparison comparison;
  comparison.metric = metric;
  comparison.mean_a = a.mean(metric);
  comparison.mean_b = b.mean(metric);
  const PairedSummary summary = summarise_paired(differences);
  comparison.difference = summary.mean;
  comparison.relative_change = comparison.mean_a != 0 ? summary.mean / comparison.mean_a
                                                      : std::numeric_limits<double>::quiet_NaN();
  comparison.effect = summary.effect;
  comparison.standard_error = summary.standard_error;
  comparison.df = static_cast<double>(differences.size()) - 1;
  return comparison;
}

void judge_with_seeds(const Side& a, const Side& b, Comparison* comparison) {
  const SeedEstimate seeds =
      compare_with_seeds(a.columns(comparison->metric), b.columns(comparison->metric));
  comparison->seeds_random = true;
  comparison->low = seeds.low;
  comparison->high = seeds.high;
  comparison->p = seeds.p;
  comparison->standard_error = seeds.standard_error;
  comparison->df = seeds.df;
  comparison->run_sd = seeds.run_sd;
  comparison->seed_share = seeds.seed_share;
}

std::vector<Comparison> compare_pair(const Side& a, const Side& b, const ComparisonOptions& options,
                                     WorkerPool& pool) {
  const PairedDifferences differences = differences_of(a, b, options.metrics);
  std::vector<Comparison> found;
  for (size_t i = 0; i < options.metrics.size(); ++i) {
    found.push_back(described(a, b, options.metrics[i], differences.columns[i]));
  }
  if (a.runs.size() + b.runs.size() > 2) {
    for (Comparison& comparison : found) judge_with_seeds(a, b, &comparison);
  } else {
    const auto intervals = bootstrap_intervals(differences, options.resampling, pool);
    const auto p_values = randomisation_p(differences, options.resampling, pool);
    for (size_t i = 0; i < found.size(); ++i) {
      found[i].low = intervals[i].low;
      found[i].high = intervals[i].high;
      found[i].p = p_values[i];
    }
  }
  return found;
}

std::vector<std::pair<size_t, size_t>> pairs_of(size_t sides, const ComparisonOptions& options) {
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t a = 0; a < sides; ++a) {
    if (options.pairing == Pairing::against_first) {
      if (a != options.baseline) pairs.emplace_back(options.baseline, a);
      continue;
    }
    for (size_t b = a + 1; b < sides; ++b) pairs.emplace_back(a, b);
  }
  return pairs;
}

void test_equivalence(const Margin& margin, std::vector<Comparison>* comparisons) {
  if (margin.value <= 0) return;
  std::vector<double> p_values;
  for (Comparison& entry : *comparisons) {
    entry.margin = margin.absolute(entry.mean_a);
    entry.equivalence_p =
        equivalence_p({entry.difference, entry.standard_error, entry.df}, entry.margin);
    p_values.push_back(entry.equivalence_p);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) (*comparisons)[i].equivalence_holm_p = adjusted[i];
}

void correct_and_judge(std::vector<Comparison>* comparisons) {
  std::vector<double> p_values;
  for (const Comparison& entry : *comparisons) p_values.push_back(entry.p);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) {
    Comparison& entry = (*comparisons)[i];
    entry.holm_p = adjusted[i];
    if (entry.margin > 0 && entry.equivalence_holm_p < kLevel) {
      entry.verdict = Verdict::equivalent;
    } else if (entry.holm_p < kLevel) {
      entry.verdict = entry.difference > 0 ? Verdict::better : Verdict::worse;
    }
  }
}

}  // namespace

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::worse:
      return "worse";
    case Verdict::equivalent:
      return "equivalent";
    case Verdict::not_shown:
      break;
  }
  return "no difference shown";
}

std::vector<Comparison> compare_sides(const std::vector<Side>& sides,
                                      const ComparisonOptions& options, WorkerPool& pool) {
  const RunResult& first = sides.front().runs.front();
  check_data(first.values.users.size() > 1,
             "{}: one user only; nothing can be said about other users", first.folder.string());
  std::vector<Comparison> comparisons;
  for (const auto& [a, b] : pairs_of(sides.size(), options)) {
    for (Comparison& entry : compare_pair(sides[a], sides[b], options, pool)) {
      entry.a = a;
      entry.b = b;
      comparisons.push_back(std::move(entry));
    }
  }
  test_equivalence(options.margin, &comparisons);
  correct_and_judge(&comparisons);
  return comparisons;
}

}  // namespace truenext
