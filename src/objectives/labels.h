// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "batch/batch.h"

namespace truenext {

/// A soft label as it is stored: its most probable items, ascending, and the same probability for
/// each of the others.
struct StoredLabel {
  std::span<const int32_t> items;
  std::span<const float> probabilities;
  float rest = 0;
};

/// Soft labels of the queries of one tile: for each a distribution over the whole catalogue, keyed
/// by its HistoryPlace (decision 0023). Used by several threads at once.
class TileLabels {
 public:
  virtual ~TileLabels() = default;

  /// Items first .. first + count - 1 of queries begin .. end - 1: out [end - begin, count].
  virtual void probabilities(int64_t begin, int64_t end, int64_t first, int64_t count,
                             float* out) const = 0;
  /// Whether stored() may be called.
  virtual bool is_stored() const { return false; }
  virtual StoredLabel stored(int64_t /*query*/) const { return {}; }
  /// Sum of a query's probabilities: 1, but for MixingOptions::running_sum.
  virtual double mass(int64_t /*query*/) const { return 1; }
};

/// What soft labels come from: a file of stored ones, or teachers that are asked in every step.
class LabelSource {
 public:
  virtual ~LabelSource() = default;

  virtual int64_t num_items() const = 0;
  virtual bool is_stored() const = 0;
  /// Thread-safe. The tile, which has Targets::places, must outlive its labels.
  virtual std::unique_ptr<TileLabels> of(const Tile& tile) const = 0;
};

/// How soft labels enter the loss of a query.
struct LabelUse {
  double share = 0;    ///< of its target
  double reverse = 0;  ///< times KL(model || label), beside
};

/// Share of the soft label in the target of a query: none where nothing precedes it.
inline double label_share(const Targets& targets, int64_t query, double share) {
  return targets.places[static_cast<size_t>(query)].end > 0 ? share : 0;
}

/// The target of a query over a row of sampled candidates, where it has a soft label.
struct RowTarget {
  std::vector<int32_t> places;  ///< 0, 1, ...: every candidate is a positive of some weight
  std::vector<float> weights;
};
/// Mixes the positives, of these weights at these places of the row, with the label: its
/// probabilities of the candidates, renormalised over those whose `counted` is not 0 (others were
/// taken out of the row). The sum of the weights is kept. A label that knows none of them is left
/// out.
void mix_target(const StoredLabel& label, double share, std::span<const int32_t> candidates,
                std::span<const uint8_t> counted, std::span<const int32_t> positives,
                std::span<const float> weights, RowTarget& target);

}  // namespace truenext
