// SPDX-License-Identifier: Apache-2.0
#include "eval/stability.h"

#include <utility>

#include "eval/list_agreement.h"

namespace truenext {
namespace {

std::vector<int32_t> items_of(std::span<const ScoredItem> list) {
  std::vector<int32_t> items;
  for (const ScoredItem& entry : list) items.push_back(entry.item);
  return items;
}

}  // namespace

std::vector<MetricResult> list_stability(const Jagged<ScoredItem>& a, const Jagged<ScoredItem>& b,
                                         int64_t k) {
  std::vector<double> overlap, jaccard;
  for (int64_t query = 0; query < a.size(); ++query) {
    if (a.row_size(query) == 0 && b.row_size(query) == 0) continue;
    const ListAgreement agreement =
        list_agreement(items_of(a.row(query)), items_of(b.row(query)), k);
    overlap.push_back(agreement.finite);
    jaccard.push_back(agreement.jaccard);
  }
  return {summarise({"rbo", k}, std::move(overlap)), summarise({"jaccard", k}, std::move(jaccard))};
}

}  // namespace truenext
