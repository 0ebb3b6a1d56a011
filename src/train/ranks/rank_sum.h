// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>

#include "train/ranks/ranks.h"

namespace truenext {

/// Tiles begin .. end - 1 of a batch.
struct TileRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

/// The tiles of one rank: the smallest power of two that covers all of them, aligned, so that every
/// rank sums a whole subtree of TreeReducer's tree. The last ranks can be left without tiles.
inline TileRange tiles_of(int rank, int ranks, int64_t tiles) {
  const int64_t each = (tiles + ranks - 1) / ranks;
  const auto share = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(each)));
  return {std::min(tiles, rank * share), std::min(tiles, (rank + 1) * share)};
}

/// Sum of the ranks' subtrees, on every rank: the upper levels of TreeReducer's tree. In round k a
/// rank whose bit k is set sends its sum to the rank without that bit; `mine` is empty on a rank
/// without tiles, a missing right child, which adds nothing. Rank 0 always has tiles. `Wire` has
/// static pack(const T&), unpack(bytes) and add(T& left, T&& right).
template <typename Wire, typename T>
T sum_over_ranks(Ranks& ranks, std::optional<T> mine) {
  const int rank = ranks.rank();
  for (int distance = 1; distance < ranks.size(); distance *= 2) {
    if ((rank & distance) != 0) {
      ranks.send(rank - distance, mine ? Wire::pack(*mine) : Bytes());
      break;
    }
    if (rank + distance >= ranks.size()) continue;
    const Bytes bytes = ranks.receive(rank + distance);
    if (!bytes.empty()) Wire::add(*mine, Wire::unpack(bytes));
  }
  if (ranks.size() == 1) return std::move(*mine);
  Bytes total;
  if (rank == 0) total = Wire::pack(*mine);
  ranks.broadcast(total);
  return rank == 0 ? std::move(*mine) : Wire::unpack(total);
}

}  // namespace truenext
