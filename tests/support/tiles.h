// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "batch/batch.h"
#include "support/history_times.h"

namespace truenext::test {

/// A tile of these sequences with next-item targets at every position: the last item of a sequence
/// is a target only. There are times for networks that are told some.
inline Tile next_item_tile(const std::vector<std::vector<int32_t>>& sequences,
                           const std::vector<uint64_t>& streams = {}) {
  Tile tile;
  for (size_t s = 0; s < sequences.size(); ++s) {
    const std::vector<int32_t>& items = sequences[s];
    const int64_t first = tile.tokens();
    tile.sequences.add_row(std::span(items).first(items.size() - 1));
    tile.streams.push_back(streams.empty() ? 100 + s : streams[s]);
    for (size_t i = 1; i < items.size(); ++i) {
      tile.targets.rows.push_back(static_cast<int32_t>(first + static_cast<int64_t>(i) - 1));
      tile.targets.items.push_back(items[i]);
      tile.targets.weights.push_back(1.0f);
      tile.targets.offsets.push_back(static_cast<int64_t>(tile.targets.items.size()));
    }
  }
  const TestTimes told(tile.sequences.offsets);
  tile.times = told.events;
  tile.query_times = told.query_times(tile.sequences.offsets);
  return tile;
}

}  // namespace truenext::test
