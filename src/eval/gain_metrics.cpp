// SPDX-License-Identifier: Apache-2.0
// Discounted cumulative gain, with binary gains and with gains that fall with the distance of a
// held-out item in time; both also as a published evaluation computed them, which stops at the
// first held-out item outside the cutoff (docs/protocols.md).
#include <algorithm>
#include <cmath>

#include "eval/metric_list.h"

namespace truenext {
namespace {

double discount(int64_t rank) {
  return 1.0 / std::log2(static_cast<double>(rank) + 2.0);
}

/// Of the i-th of m held-out items in time order, i from 0.
using Gain = double (*)(int64_t i, int64_t m);

double equal_gain(int64_t, int64_t) {
  return 1;
}

/// m for the nearest item down to 1 for the furthest.
double nearness_gain(int64_t i, int64_t m) {
  return static_cast<double>(m - i);
}

/// Gains of the first `counted` held-out items, over those of the best order of all.
double normalised_gain(std::span<const int64_t> ranks, size_t counted, int64_t cutoff, Gain gain) {
  const auto m = static_cast<int64_t>(ranks.size());
  double gained = 0;
  for (size_t i = 0; i < counted; ++i) {
    if (ranks[i] < cutoff) gained += gain(static_cast<int64_t>(i), m) * discount(ranks[i]);
  }
  double ideal = 0;
  for (int64_t rank = 0; rank < std::min(m, cutoff); ++rank) {
    ideal += gain(rank, m) * discount(rank);
  }
  return gained / ideal;
}

/// Length of the leading run of held-out items, in time order, that are all inside the cutoff.
size_t leading_run(std::span<const int64_t> ranks, int64_t cutoff) {
  const auto outside =
      std::find_if(ranks.begin(), ranks.end(), [&](int64_t rank) { return rank >= cutoff; });
  return static_cast<size_t>(outside - ranks.begin());
}

}  // namespace

double ndcg_value(const UserRanks& ranks, int64_t cutoff) {
  return normalised_gain(ranks.held_out, ranks.held_out.size(), cutoff, equal_gain);
}

double ndcg_prefix_value(const UserRanks& ranks, int64_t cutoff) {
  const std::span<const int64_t> held_out = ranks.held_out;
  return normalised_gain(held_out, leading_run(held_out, cutoff), cutoff, equal_gain);
}

double ndcg_rel_value(const UserRanks& ranks, int64_t cutoff) {
  return normalised_gain(ranks.held_out, ranks.held_out.size(), cutoff, nearness_gain);
}

double ndcg_rel_prefix_value(const UserRanks& ranks, int64_t cutoff) {
  const std::span<const int64_t> held_out = ranks.held_out;
  return normalised_gain(held_out, leading_run(held_out, cutoff), cutoff, nearness_gain);
}

}  // namespace truenext
