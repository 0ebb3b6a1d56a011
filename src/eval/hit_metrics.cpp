// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "eval/metric_list.h"

namespace truenext {
namespace {

/// Ranks inside the cutoff, best first.
std::vector<int64_t> hits(std::span<const int64_t> ranks, int64_t cutoff) {
  std::vector<int64_t> inside;
  for (const int64_t rank : ranks) {
    if (rank < cutoff) inside.push_back(rank);
  }
  std::sort(inside.begin(), inside.end());
  return inside;
}

double hit_count(const UserRanks& ranks, int64_t cutoff) {
  return static_cast<double>(std::count_if(ranks.held_out.begin(), ranks.held_out.end(),
                                           [&](int64_t rank) { return rank < cutoff; }));
}

}  // namespace

double recall_value(const UserRanks& ranks, int64_t cutoff) {
  return hit_count(ranks, cutoff) / static_cast<double>(ranks.held_out.size());
}

double hit_value(const UserRanks& ranks, int64_t cutoff) {
  return hit_count(ranks, cutoff) > 0 ? 1 : 0;
}

double reciprocal_rank_value(const UserRanks& ranks, int64_t cutoff) {
  const int64_t best = *std::min_element(ranks.held_out.begin(), ranks.held_out.end());
  return best < cutoff ? 1.0 / static_cast<double>(best + 1) : 0;
}

double precision_value(const UserRanks& ranks, int64_t cutoff) {
  return hit_count(ranks, cutoff) / static_cast<double>(cutoff);
}

double average_precision_value(const UserRanks& ranks, int64_t cutoff) {
  const std::vector<int64_t> inside = hits(ranks.held_out, cutoff);
  double sum = 0;
  for (size_t i = 0; i < inside.size(); ++i) {
    sum += static_cast<double>(i + 1) / static_cast<double>(inside[i] + 1);
  }
  return sum / static_cast<double>(ranks.held_out.size());
}

}  // namespace truenext
