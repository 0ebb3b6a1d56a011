// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/used_rows.h"
#include "batch/batch.h"
#include "objectives/candidates.h"
#include "objectives/criterion.h"
#include "objectives/drawn_rows.h"
#include "objectives/labels.h"
#include "objectives/objective_input.h"
#include "objectives/objective_options.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// Loss of a tile with its gradient, in one go: nothing as large as tokens x items is ever stored.
class Objective {
 public:
  /// `counts` [num_items] says how often items occur in the training part; only draws by popularity
  /// need it. Usage Error when the combination makes no sense, with the reason.
  Objective(const ObjectiveOptions& options, int64_t num_items,
            std::span<const int64_t> counts = {});

  /// For every report, e.g. "gBCE(t=0.75), 256 uniform negatives, all positions".
  const std::string& name() const { return name_; }
  const ObjectiveOptions& options() const { return options_; }
  int64_t num_items() const { return num_items_; }
  /// From now on targets are mixed with these soft labels, by ObjectiveOptions::label_share; they
  /// must outlive the objective. Usage Error when they cannot be.
  void learn_from(const LabelSource& labels);
  const LabelSource* labels() const { return labels_; }

  const Criterion& criterion() const { return *criterion_; }
  /// Whether the loss of a batch is better made for its tiles together (CatalogueLoss) than tile by
  /// tile by evaluate(). `dim` is the width of the table.
  bool over_ranges(int64_t dim) const;
  /// Whether evaluate() reads the whole table.
  bool reads_all_items() const { return !options_.sampled(); }
  /// Rows of the table that evaluate() reads for sampled candidates; items can come repeatedly.
  std::vector<int32_t> candidates(const Tile& tile, uint64_t seed, uint64_t step) const;
  /// Those candidates row by row, with what is added to their scores.
  DrawnRows drawn_rows(const Tile& tile, uint64_t seed, uint64_t step) const;
  /// What the sum over a batch's positions is divided by.
  int64_t divisor(const Batch& batch) const;

  /// Returns the tile's share of the batch loss; writes state_grad, shaped like the states, and
  /// adds to table_grad (which knows the rows of `table`).
  template <typename T>
  double evaluate(const ObjectiveInput<T>& input, T* state_grad,
                  TableGradient<T>& table_grad) const;

 private:
  ObjectiveOptions options_;
  int64_t num_items_;
  CandidateSampler sampler_;
  std::unique_ptr<Criterion> criterion_;
  const LabelSource* labels_ = nullptr;
  std::string name_;
};

}  // namespace truenext
