// SPDX-License-Identifier: Apache-2.0
#include "eval/target_ranks.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "eval/score_blocks.h"

namespace truenext {
namespace {

/// Where targets that tie with `others` candidates begin among them.
int64_t place_among_ties(int64_t others, const Protocol& protocol, uint64_t stream) {
  switch (protocol.ties) {
    case TieRule::half:
      return others / 2;
    case TieRule::ahead:
      return others;
    case TieRule::random: {
      RandomStream random(random_key(protocol.seed, Purpose::ties), stream);
      return random.below(static_cast<uint32_t>(others + 1));
    }
    default:
      return 0;
  }
}

}  // namespace

std::vector<Target> targets_of(std::span<const int32_t> items, const BlockScores& scores,
                               int64_t query) {
  std::vector<Target> targets;
  for (const int32_t item : items) {
    targets.push_back({item, scores.at(query, item)});
    check_data(!std::isnan(targets.back().score),
               "a score is not a number: the model has diverged or its file is "
               "damaged; train again with a lower learning rate");
  }
  return targets;
}

int64_t rank_of(std::span<const Target> targets, size_t index, const Protocol& protocol,
                int32_t user) {
  const Target& target = targets[index];
  const kernels::Counts& counts = target.counts;
  if (target.score == kExcluded) return kNeverRanked;
  if (protocol.ties == TieRule::lower_id) return counts.greater + target.lower_equal;
  int64_t earlier = 0;  // targets of this user with the same score stay in time order
  int64_t tied = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].score != target.score) continue;
    ++tied;
    if (i < index) ++earlier;
  }
  if (counts.equal == 1) return counts.greater;
  // One draw per group of ties, or two of its targets could come out at the same place.
  const uint64_t stream =
      (static_cast<uint64_t>(user) << 32) ^ static_cast<uint64_t>(counts.greater);
  return counts.greater + place_among_ties(counts.equal - tied, protocol, stream) + earlier;
}

}  // namespace truenext
