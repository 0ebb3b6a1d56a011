// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "objectives/objective_options.h"

namespace truenext {

/// Who a draw of negatives is for. Draw j is a function of this and of j only.
struct DrawPlace {
  uint64_t seed = 0, step = 0;
  uint64_t stream = 0;  ///< the user
  uint32_t row = 0;     ///< the position, counted from the newest
};

/// Draws negatives with replacement, each from q(i): uniform, in proportion to count(i)^a, a
/// mixture of both, or from the targets of the batch ("in-batch", where q(i) is in proportion to
/// count(i)).
class CandidateSampler {
 public:
  /// `counts` [num_items]: occurrences in the training part, needed where the options say so. Usage
  /// Error when they are missing or all zero.
  CandidateSampler(const ObjectiveOptions& options, int64_t num_items,
                   std::span<const int64_t> counts);

  /// Fills `out` with items outside `excluded` (ascending, distinct, not the whole catalogue),
  /// where each follows q given that it is not excluded. `pool`: the targets of the batch.
  void draw(const DrawPlace& place, std::span<const int32_t> excluded,
            std::span<const int32_t> pool, std::span<int32_t> out) const;

  /// ln(draws * q(item)): how often the item is expected among so many unrestricted draws.
  double log_expected(int32_t item, int64_t draws) const;

 private:
  void draw_uniform(const DrawPlace& place, std::span<const int32_t> excluded,
                    std::span<int32_t> out) const;
  /// Unrestricted draws; `attempt` makes them anew.
  void propose(const DrawPlace& place, uint64_t attempt, std::span<const int32_t> pool,
               std::span<int32_t> out) const;
  void make_alias_table(std::span<const double> weights);

  CandidateSet kind_;
  int64_t num_items_;
  double popularity_share_;     ///< of the draws
  std::vector<double> share_;   ///< of each item in draws by popularity
  std::vector<int32_t> alias_;  ///< Walker's method (Vose 1991): slot i is item i with
  std::vector<uint32_t> keep_;  ///< probability keep_[i] / 2^31, else alias_[i]
};

}  // namespace truenext
