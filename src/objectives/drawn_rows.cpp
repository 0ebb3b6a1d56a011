// SPDX-License-Identifier: Apache-2.0
#include "objectives/drawn_rows.h"

#include <algorithm>
#include <span>

#include "objectives/objective.h"
#include "objectives/sampled.h"

namespace truenext {
namespace {

DrawnRows own_rows(const SampledContext& context, const Tile& tile, uint64_t seed, uint64_t step) {
  DrawnRows rows;
  OwnCandidates own = own_candidates(context, tile, seed, step);
  rows.width = own.width;
  rows.ids = std::move(own.ids);
  for (int64_t q = 0; q < tile.targets.size(); ++q) {
    const int64_t positives = std::ssize(tile.targets.positives(q));
    rows.negatives.push_back(static_cast<int32_t>(context.options.negatives_of(positives)));
  }
  return rows;
}

/// The negatives of a group once for each of its queries.
DrawnRows shared_rows(const SampledContext& context, const Tile& tile, uint64_t seed,
                      uint64_t step) {
  const Targets& targets = tile.targets;
  DrawnRows rows;
  rows.width = targets.most() + context.options.negatives;
  rows.ids.resize(static_cast<size_t>(targets.size() * rows.width));
  for (const NegativeGroup& group : shared_negatives(context, tile, seed, step)) {
    for (int64_t q = group.begin; q < group.end; ++q) {
      const std::span<const int32_t> positives = targets.positives(q);
      int32_t* row = rows.ids.data() + q * rows.width;
      int32_t* next = std::copy(positives.begin(), positives.end(), row);
      next = std::copy(group.negatives.begin(), group.negatives.end(), next);
      std::fill(next, row + rows.width, positives[0]);
      rows.negatives.push_back(static_cast<int32_t>(group.negatives.size()));
    }
  }
  return rows;
}

void write_shifts(const SampledContext& context, const Tile& tile, DrawnRows& rows) {
  const RowCorrection correction(context, tile);
  if (!correction.needed()) return;
  rows.shifts.assign(rows.ids.size(), 0.0f);
  const std::vector<int64_t> sequences = sequences_of_queries(tile);
  for (int64_t q = 0; q < tile.targets.size(); ++q) {
    const int64_t first = q * rows.width + std::ssize(tile.targets.positives(q));
    const auto count = static_cast<size_t>(rows.negatives[q]);
    correction.apply(q, sequences[q], std::span<const int32_t>(rows.ids.data() + first, count),
                     std::span<float>(rows.shifts.data() + first, count));
  }
}

}  // namespace

DrawnRows Objective::drawn_rows(const Tile& tile, uint64_t seed, uint64_t step) const {
  const SampledContext context{options_, *criterion_, sampler_};
  DrawnRows rows = options_.share == NegativeShare::position
                       ? own_rows(context, tile, seed, step)
                       : shared_rows(context, tile, seed, step);
  write_shifts(context, tile, rows);
  return rows;
}

}  // namespace truenext
