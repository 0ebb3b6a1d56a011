// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace truenext {

/// How candidates with exactly the target's score count. Stored with every result.
///  - half (default): half of the ties (rounded down) stand ahead, the expected rank of a random
///  order;
///  - ahead: all ties stand ahead (pessimistic); behind: all stand behind (optimistic);
///  - lower_id ("lower-id"): ties stand in item order, as a stable sort by score would leave them;
///  - random: a place among the ties drawn by user and seed: unbiased for every metric.
/// Held-out items of one user that tie with each other keep their time order (docs/protocols.md).
enum class TieRule { half, ahead, behind, lower_id, random };
TieRule parse_tie_rule(const std::string& name);  ///< usage Error
std::string tie_rule_name(TieRule rule);

/// Rank of a held-out item that can never be recommended (unknown to the model, or no history).
constexpr int64_t kNeverRanked = std::numeric_limits<int64_t>::max();

/// One metric at one cutoff, e.g. ndcg@10; cutoff 0 means no cutoff (mrr).
struct Metric {
  std::string name;  ///< canonical: the first word of a line of metric_list()
  int64_t cutoff = 0;
  std::string label() const;  ///< "ndcg@10"
  bool operator==(const Metric&) const = default;
};

/// Parses "ndcg@10,recall@1,R@10,nDCG@10": field and ir_measures spellings, any case; what is named
/// twice is kept once. Usage Error.
std::vector<Metric> parse_metrics(const std::string& list);
/// All canonical names: "ndcg, recall, ...".
std::string metric_names();

/// What a metric sees of one user. All ranks are 0-based places in the user's list of candidates.
struct UserRanks {
  std::span<const int64_t> held_out;  ///< of the held-out items, in time order
  /// Places that add no item, ascending: their item stands further up already, or the list has
  /// ended. Only negatives drawn with repetition and lists from elsewhere have any.
  std::span<const int64_t> repeats{};
};

/// Value for one user. Definitions and sources: docs/protocols.md.
double metric_value(const Metric& metric, const UserRanks& ranks);
inline double metric_value(const Metric& metric, std::span<const int64_t> held_out) {
  return metric_value(metric, UserRanks{held_out});
}

}  // namespace truenext
