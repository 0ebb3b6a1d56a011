// SPDX-License-Identifier: Apache-2.0
#include "eval/drawn_candidates.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "base/remaining.h"

namespace truenext {
namespace {

/// The catalogue without some items, numbered from 0.
class Remaining {
 public:
  Remaining(std::span<const int32_t> without, int64_t num_items)
      : without_(without.begin(), without.end()) {
    std::sort(without_.begin(), without_.end());
    without_.erase(std::unique(without_.begin(), without_.end()), without_.end());
    size_ = static_cast<uint32_t>(num_items - static_cast<int64_t>(without_.size()));
  }
  uint32_t size() const { return size_; }
  int32_t item(uint32_t place) const { return remaining_at(place, without_); }

 private:
  std::vector<int32_t> without_;
  uint32_t size_ = 0;
};

std::vector<int32_t> draw_repeating(const Remaining& items, int64_t count, RandomStream random) {
  std::vector<int32_t> drawn;
  for (int64_t i = 0; i < count && items.size() > 0; ++i) {
    drawn.push_back(items.item(random.below(items.size())));
  }
  return drawn;
}

/// Fisher-Yates from the bottom, of which only the touched places are kept: never a redraw, however
/// few items remain.
std::vector<int32_t> draw_distinct(const Remaining& items, int64_t count, RandomStream random) {
  std::unordered_map<uint32_t, uint32_t> moved;
  const auto at = [&](uint32_t place) {
    const auto found = moved.find(place);
    return found == moved.end() ? place : found->second;
  };
  std::vector<int32_t> drawn;
  const auto most = static_cast<uint32_t>(std::min<int64_t>(count, items.size()));
  for (uint32_t i = 0; i < most; ++i) {
    const uint32_t place = i + random.below(items.size() - i);
    drawn.push_back(items.item(at(place)));
    moved[place] = at(i);
  }
  return drawn;
}

}  // namespace

CandidateRule parse_candidate_rule(const std::string& name) {
  if (const auto rule = find_word<CandidateRule>(name)) return *rule;
  fail_usage(
      "candidates \"{}\" are unknown, and there is no such file; want full, clean, original or a "
      "file of lines \"user negative negative ...\"",
      name);
}

std::string candidate_rule_name(CandidateRule rule) {
  return std::string(word_of(rule));
}

TieRule usual_ties(CandidateRule rule) {
  return rule == CandidateRule::original ? TieRule::behind : TieRule::half;
}

const char* drawn_candidates_warning() {
  return "metrics over drawn candidates are no estimate of those over the full catalogue and can "
         "put systems in another order; compare systems with --candidates full";
}

int64_t wanted_negatives(const Protocol& protocol, int64_t held_out) {
  return protocol.negatives >= 0 ? protocol.negatives
                                 : std::max<int64_t>(0, kListLength - held_out);
}

NegativeSource negative_source(const Dataset& dataset) {
  uint64_t key = 0;
  const std::string& fingerprint = dataset.fingerprint();
  const size_t digits = std::min<size_t>(fingerprint.size(), 16);
  std::from_chars(fingerprint.data(), fingerprint.data() + digits, key, 16);
  return {dataset.histories(), dataset.splits(), dataset.num_items(), key};
}

Jagged<int32_t> draw_negatives(const NegativeSource& source, const Queries& queries,
                               const Protocol& protocol) {
  Jagged<int32_t> negatives;
  if (protocol.candidates == CandidateRule::full) return negatives;
  const bool clean = protocol.candidates == CandidateRule::clean;
  const int64_t count = protocol.negatives >= 0 ? protocol.negatives : kListLength - 1;
  // Training draws its negatives under this purpose with a step in the place of the data's key.
  const PhiloxKey key =
      random_key(protocol.seed, Purpose::negatives, source.data_key, clean ? 2 : 3);
  for (const int32_t user : queries.users) {
    const auto sequence = source.histories.row(user);
    const int64_t train_end = source.splits[static_cast<size_t>(user)].train_end;
    const RandomStream random(key, static_cast<uint64_t>(user));
    if (clean) {
      negatives.add_row(draw_distinct({sequence, source.num_items}, count, random));
    } else {
      const auto train = sequence.first(static_cast<size_t>(train_end));
      negatives.add_row(draw_repeating({train, source.num_items}, count, random));
    }
  }
  return negatives;
}

}  // namespace truenext
