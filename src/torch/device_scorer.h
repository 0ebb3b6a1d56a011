// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "eval/block_ranker.h"
#include "eval/evaluator.h"
#include "torch/device_encoder.h"

namespace truenext {

/// Scores of a model on a device, the twin of make_encoder_scorer(): states times item table,
/// counted and selected there, so that only ranks and lists travel. Scores agree with those of the
/// kernels up to rounding, and so do ranks, but for items whose scores lie that close.
///
/// Whole rows of the catalogue are made at once: an item's score must come from the product that
/// it is compared with, or it would not tie with itself.
class DeviceScorer : public Scorer, private BlockRanker {
 public:
  /// Numbers in the largest tensor of a block, in any catalogue of no more items.
  static constexpr int64_t kMostNumbers = int64_t{1} << 26;

  /// Of `model` with `weights` as DeviceEncoder takes them, on the device. The model outlives
  /// the scorer.
  DeviceScorer(const Model& model, std::vector<at::Tensor> weights,
               int64_t most_numbers = kMostNumbers);

  int64_t num_items() const override { return encoder_.num_items(); }
  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override;
  const BlockRanker* ranker() const override { return this; }

 private:
  int64_t most_queries() const override;
  Jagged<Target> count(const Queries& queries, int64_t begin, int64_t end,
                       const Protocol& protocol) const override;
  Jagged<ScoredItem> best(const Queries& queries, int64_t begin, int64_t end, int64_t k,
                          bool exclude_seen) const override;
  std::vector<float> scores_at(const Queries& queries, int64_t begin, int64_t end,
                               const Jagged<int32_t>& items) const override;

  /// [end - begin, items]
  at::Tensor scores_of(const Queries& queries, int64_t begin, int64_t end) const;
  /// The same with minus infinity where an item is no candidate.
  at::Tensor candidates_of(const Queries& queries, int64_t begin, int64_t end,
                           bool exclude_seen) const;
  /// Rows of the catalogue that fit a tensor.
  int64_t most_rows() const;

  DeviceEncoder encoder_;
  int64_t most_numbers_;
  mutable std::mutex device_;  ///< one block at a time bounds the memory
};

}  // namespace truenext
