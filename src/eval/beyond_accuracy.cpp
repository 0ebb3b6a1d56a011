// SPDX-License-Identifier: Apache-2.0
#include "eval/beyond_accuracy.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

namespace truenext {
namespace {

using List = std::span<const ScoredItem>;

List best_of(const Jagged<ScoredItem>& lists, int64_t query, int64_t k) {
  const List all = lists.row(query);
  return all.first(std::min(all.size(), static_cast<size_t>(k)));
}

MetricResult of_all_lists(const char* name, int64_t k, double value) {
  return {{name, k}, value, 0, {}, false};
}

/// How often every item is recommended.
std::vector<int64_t> recommendation_counts(const Jagged<ScoredItem>& lists, int64_t k,
                                           size_t items) {
  std::vector<int64_t> counts(items);
  for (int64_t query = 0; query < lists.size(); ++query) {
    for (const ScoredItem& entry : best_of(lists, query, k)) {
      ++counts[static_cast<size_t>(entry.item)];
    }
  }
  return counts;
}

double coverage(const std::vector<int64_t>& counts) {
  const auto met = std::count_if(counts.begin(), counts.end(), [](int64_t n) { return n > 0; });
  return counts.empty() ? 0 : static_cast<double>(met) / static_cast<double>(counts.size());
}

double gini(std::vector<int64_t> counts) {
  const double items = static_cast<double>(counts.size());
  const double total =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  if (counts.size() < 2 || total == 0) return 0;
  std::sort(counts.begin(), counts.end());
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += (2 * static_cast<double>(i + 1) - items - 1) * static_cast<double>(counts[i]);
  }
  return sum / ((items - 1) * total);
}

/// Mean over the items of every list of a value of items.
MetricResult mean_of_items(const char* name, const Jagged<ScoredItem>& lists, int64_t k,
                           const std::function<double(int32_t)>& value) {
  std::vector<double> per_user;
  for (int64_t query = 0; query < lists.size(); ++query) {
    const List list = best_of(lists, query, k);
    if (list.empty()) continue;
    double sum = 0;
    for (const ScoredItem& entry : list) sum += value(entry.item);
    per_user.push_back(sum / static_cast<double>(list.size()));
  }
  return summarise({name, k}, std::move(per_user));
}

/// One less the mean similarity over the pairs of every list that have one.
using Similarity = std::function<std::optional<double>(int32_t, int32_t)>;
MetricResult mean_of_pairs(const char* name, const Jagged<ScoredItem>& lists, int64_t k,
                           const Similarity& similarity) {
  std::vector<double> per_user;
  for (int64_t query = 0; query < lists.size(); ++query) {
    const List list = best_of(lists, query, k);
    double sum = 0;
    int64_t pairs = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const std::optional<double> value = similarity(list[i].item, list[j].item);
        if (!value) continue;
        sum += *value;
        ++pairs;
      }
    }
    if (pairs > 0) per_user.push_back(1 - sum / static_cast<double>(pairs));
  }
  return summarise({name, k}, std::move(per_user));
}

std::span<const float> vector_of(const CatalogueFacts& facts, int32_t item) {
  const int32_t row = facts.vector_of.empty() ? item : facts.vector_of[static_cast<size_t>(item)];
  if (row < 0) return {};
  const int64_t stride = facts.stride > 0 ? facts.stride : facts.dim;
  return facts.vectors.subspan(static_cast<size_t>(row * stride), static_cast<size_t>(facts.dim));
}

std::optional<double> cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0, length_a = 0, length_b = 0;
  for (size_t c = 0; c < std::min(a.size(), b.size()); ++c) {
    product += static_cast<double>(a[c]) * b[c];
    length_a += static_cast<double>(a[c]) * a[c];
    length_b += static_cast<double>(b[c]) * b[c];
  }
  if (length_a == 0 || length_b == 0) return std::nullopt;
  return product / std::sqrt(length_a * length_b);
}

std::optional<double> shared_share(std::span<const int32_t> a, std::span<const int32_t> b) {
  int64_t both = 0;
  for (const int32_t id : a) both += std::find(b.begin(), b.end(), id) != b.end();
  const auto either = static_cast<int64_t>(a.size() + b.size()) - both;
  if (either == 0) return std::nullopt;
  return static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace

std::vector<MetricResult> beyond_accuracy(const Jagged<ScoredItem>& lists, int64_t k,
                                          const CatalogueFacts& facts) {
  const auto recommended = recommendation_counts(lists, k, facts.counts.size());
  const auto count = [&](int32_t item) { return facts.counts[static_cast<size_t>(item)]; };
  const auto events =
      static_cast<double>(std::accumulate(facts.counts.begin(), facts.counts.end(), int64_t{0}));
  std::vector<MetricResult> results{
      of_all_lists("coverage", k, coverage(recommended)),
      of_all_lists("gini", k, gini(recommended)),
      mean_of_items("popularity", lists, k,
                    [&](int32_t item) { return static_cast<double>(count(item)); }),
      // An item that training never met counts as met once: its information has no value.
      mean_of_items("novelty", lists, k, [&](int32_t item) {
        const auto met = static_cast<double>(std::max<int64_t>(1, count(item)));
        return events > 0 ? -std::log2(met / events) : 0;
      })};
  if (!facts.vectors.empty()) {
    results.push_back(mean_of_pairs("diversity", lists, k, [&](int32_t a, int32_t b) {
      return cosine(vector_of(facts, a), vector_of(facts, b));
    }));
  }
  if (facts.attributes.size() > 0) {
    results.push_back(mean_of_pairs("attribute_diversity", lists, k, [&](int32_t a, int32_t b) {
      return shared_share(facts.attributes.row(a), facts.attributes.row(b));
    }));
  }
  return results;
}

}  // namespace truenext
