// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "base/random.h"
#include "batch/batch.h"
#include "objectives/criterion.h"
#include "objectives/table_gradient.h"

namespace upnext {

/// objective = targets x candidates x criterion, three independent choices (docs/objectives.md).
struct ObjectiveOptions {
  std::string criterion = "gbce";
  std::string candidates = "uniform";  ///< full | uniform | buckets
  int64_t negatives = 256;             ///< per position, for sampled candidates
  int64_t buckets = 48, bucket_positions = 48, bucket_items = 256;  ///< of a tile
  std::string exclude = "none";   ///< none | positive: what a negative may not be
  std::string positions = "all";  ///< all | last position of each window
  double gbce_t = 0.75;
  std::string gbce_form = "direct";  ///< direct | clamped (the original's float64 route)
  double bpr_max_reg = 0;            ///< lambda of BPR-max's score regularisation
  std::string compat = "none";       ///< none | axis-error (objectives/axis_error.h)

  void list(OptionList& options);
};

/// What a tile hands to the objective. T is float, or double for exact gradient checks.
template <typename T>
struct ObjectiveInput {
  const T* states = nullptr;  ///< [tokens, dim]
  const T* table = nullptr;   ///< [num_items, dim]
  int64_t dim = 0;
  const Tile* tile = nullptr;
  int64_t positions = 0;  ///< queries of the whole batch, the divisor of its mean
  uint64_t seed = 0;
  uint64_t step = 0;  ///< fresh negatives for every step
};

/// Loss of a tile with its gradient, in one go: nothing as large as tokens x items is ever stored.
class Objective {
 public:
  /// Usage Error when the combination makes no sense, with the reason.
  Objective(const ObjectiveOptions& options, int64_t num_items);

  /// For every report, e.g. "gBCE(t=0.75), 256 uniform negatives, all positions".
  const std::string& name() const { return name_; }

  /// Whether evaluate() reads the whole table.
  bool reads_all_items() const { return options_.candidates != "uniform"; }
  /// Rows of the table that evaluate() reads for sampled candidates, in its order: [queries,
  /// count], the positives of each query, then its negatives.
  std::vector<int32_t> candidates(const Tile& tile, uint64_t seed, uint64_t step) const;

  /// Returns the tile's share of the batch loss; writes state_grad [tokens, dim] and adds to
  /// table_grad (which knows num_items and dim).
  template <typename T>
  double evaluate(const ObjectiveInput<T>& input, T* state_grad,
                  TableGradient<T>& table_grad) const;

 private:
  template <typename T>
  double evaluate_sampled(const ObjectiveInput<T>& input, T* state_grad,
                          TableGradient<T>& table_grad) const;

  ObjectiveOptions options_;
  int64_t num_items_;
  std::unique_ptr<Criterion> criterion_;
  std::string name_;
};

}  // namespace upnext
