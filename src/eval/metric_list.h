// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "eval/metrics.h"

namespace truenext {

/// A metric as metrics.cpp lists it. A new one is a file with a function and a line there.
struct MetricInfo {
  /// Blank-separated, lower case; the first is the canonical name, the others are read too.
  const char* names;
  bool needs_cutoff;
  /// `ranks` is never empty. `cutoff` is at least 1 and kNeverRanked when there is none; a rank of
  /// kNeverRanked is below no cutoff.
  double (*value)(const UserRanks& ranks, int64_t cutoff);

  std::string_view name() const;
};
const std::vector<MetricInfo>& metric_list();
/// Usage Error when no metric has this canonical name.
const MetricInfo& find_metric(std::string_view name);

// hit_metrics.cpp: what only depends on which held-out items lie inside the cutoff, and where.
double recall_value(const UserRanks& ranks, int64_t cutoff);
double hit_value(const UserRanks& ranks, int64_t cutoff);
double reciprocal_rank_value(const UserRanks& ranks, int64_t cutoff);
double precision_value(const UserRanks& ranks, int64_t cutoff);
double average_precision_value(const UserRanks& ranks, int64_t cutoff);

// gain_metrics.cpp: discounted gains.
double ndcg_value(const UserRanks& ranks, int64_t cutoff);
double ndcg_prefix_value(const UserRanks& ranks, int64_t cutoff);
double ndcg_rel_value(const UserRanks& ranks, int64_t cutoff);
double ndcg_rel_prefix_value(const UserRanks& ranks, int64_t cutoff);

// order_metrics.cpp: agreement of the ranked list with the true order of the future.
double rls_rbo_value(const UserRanks& ranks, int64_t cutoff);
double rls_jac_value(const UserRanks& ranks, int64_t cutoff);
double frbo_value(const UserRanks& ranks, int64_t cutoff);

}  // namespace truenext
