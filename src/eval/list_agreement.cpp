// SPDX-License-Identifier: Apache-2.0
#include "eval/list_agreement.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace truenext {

double most_overlap(int64_t depth) {
  return 1 - std::pow(kPersistence, static_cast<double>(depth));
}

ListAgreement list_agreement(std::span<const int32_t> a, std::span<const int32_t> b,
                             int64_t depth) {
  const auto longer = static_cast<int64_t>(std::max(a.size(), b.size()));
  const auto n = static_cast<size_t>(std::min(longer, depth));
  ListAgreement agreement;
  if (n == 0) return agreement;
  std::unordered_set<int32_t> in_a, in_b;
  int64_t shared = 0;
  double weight = 1 - kPersistence;
  const auto take = [&](std::span<const int32_t> list, size_t at, std::unordered_set<int32_t>& own,
                        const std::unordered_set<int32_t>& other) {
    if (at < list.size() && own.insert(list[at]).second) shared += other.count(list[at]) > 0;
  };
  for (size_t t = 0; t < n; ++t) {
    take(a, t, in_a, in_b);
    take(b, t, in_b, in_a);
    agreement.rbo += weight * static_cast<double>(shared) / static_cast<double>(t + 1);
    weight *= kPersistence;
  }
  agreement.finite = agreement.rbo / most_overlap(static_cast<int64_t>(n));
  agreement.jaccard = static_cast<double>(shared) /
                      static_cast<double>(static_cast<int64_t>(in_a.size() + in_b.size()) - shared);
  return agreement;
}

}  // namespace truenext
