// SPDX-License-Identifier: Apache-2.0
// The model's first n candidates against the user's first n held-out items in time order, n =
// min(m, cutoff). The first t candidates hold exactly those held-out items whose rank is below t,
// so ranks say all that list_agreement() would find in the two lists.
#include <algorithm>

#include "eval/list_agreement.h"
#include "eval/metric_list.h"

namespace truenext {
namespace {

int64_t compared(const UserRanks& ranks, int64_t cutoff) {
  return std::min(static_cast<int64_t>(ranks.held_out.size()), cutoff);
}

/// Among the first `depth` held-out items, those that are among the first `depth` candidates.
int64_t overlap(const UserRanks& ranks, int64_t depth) {
  const auto nearest = ranks.held_out.first(static_cast<size_t>(depth));
  return std::count_if(nearest.begin(), nearest.end(), [&](int64_t rank) { return rank < depth; });
}

}  // namespace

double rls_rbo_value(const UserRanks& ranks, int64_t cutoff) {
  double sum = 0;
  double weight = 1 - kPersistence;
  for (int64_t depth = 1; depth <= compared(ranks, cutoff); ++depth) {
    sum += weight * static_cast<double>(overlap(ranks, depth)) / static_cast<double>(depth);
    weight *= kPersistence;
  }
  return sum;
}

double rls_jac_value(const UserRanks& ranks, int64_t cutoff) {
  const int64_t depth = compared(ranks, cutoff);
  const int64_t both = overlap(ranks, depth);
  const auto collapsed = std::count_if(ranks.repeats.begin(), ranks.repeats.end(),
                                       [&](int64_t r) { return r < depth; });
  return static_cast<double>(both) / static_cast<double>(2 * depth - collapsed - both);
}

double frbo_value(const UserRanks& ranks, int64_t cutoff) {
  return rls_rbo_value(ranks, cutoff) / most_overlap(compared(ranks, cutoff));
}

}  // namespace truenext
