// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "data/dataset.h"

namespace upnext {

/// What a position is trained towards: positive items with weights, for some tokens of a tile.
/// Query q asks the state of token rows[q] to prefer items[offsets[q] .. offsets[q + 1]).
struct Targets {
  std::vector<int32_t> rows;
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> items;
  std::vector<float> weights;  ///< one per item; 1 for plain next-item training

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
  std::span<const int32_t> positives(int64_t query) const {
    return {items.data() + offsets[query],
            static_cast<size_t>(offsets[query + 1] - offsets[query])};
  }
  std::span<const float> positive_weights(int64_t query) const {
    return {weights.data() + offsets[query],
            static_cast<size_t>(offsets[query + 1] - offsets[query])};
  }
};

/// Whole sequences packed back to back; the unit of work of one worker. Sequence s owns tokens
/// sequences.offsets[s] .. sequences.offsets[s + 1].
struct Tile {
  Jagged<int32_t> sequences;      ///< input items, oldest first
  std::vector<uint64_t> streams;  ///< per sequence: identity for random numbers (the user)
  Targets targets;

  int64_t tokens() const { return static_cast<int64_t>(sequences.values.size()); }
};

/// Which positions of a window are trained.
enum class TargetPositions { all, last };

/// Which part of a history that is longer than max_length + 1 is trained on: always the newest
/// items (as the originals do, so older ones are never seen), or a stretch drawn anew for every
/// epoch.
enum class TrainingWindow { newest, random };

/// A batch of users cut into tiles. `positions` is the number of queries of the whole batch: the
/// divisor of the batch's mean loss, which every tile needs.
struct Batch {
  std::vector<Tile> tiles;
  int64_t positions = 0;
  int64_t tokens = 0;
};

struct BatchOptions {
  int64_t batch_size = 128;   ///< users
  int64_t max_length = 200;   ///< inputs per user: the newest max_length + 1 training items
  int64_t tile_tokens = 512;  ///< a tile ends before it exceeds this (one sequence always fits)
  int64_t max_batches = 0;    ///< per epoch; 0 = all users every epoch
  TargetPositions target_positions = TargetPositions::all;
  TrainingWindow window = TrainingWindow::newest;
  uint64_t seed = 42;
};

/// Hands out the batches of any epoch in any order: a batch depends on the options, the epoch and
/// its number only, so a resumed run continues anywhere. The dataset must outlive it.
class Batcher {
 public:
  /// Data Error when no user has two training items.
  Batcher(const Dataset& dataset, const BatchOptions& options);

  int64_t num_users() const {
    return static_cast<int64_t>(users_.size());
  }  ///< that can be trained on
  int64_t batches_per_epoch() const;
  /// Queries of an epoch when every user is visited once.
  int64_t positions_per_epoch() const { return positions_; }

  /// Shuffles the users for `epoch`; call before make().
  void start_epoch(int64_t epoch);
  Batch make(int64_t batch) const;

 private:
  void append(int32_t user, Tile& tile) const;
  int64_t window(int32_t user) const;      ///< inputs of a user
  int64_t window_end(int32_t user) const;  ///< one past the last target

  const Dataset& dataset_;
  BatchOptions options_;
  std::vector<int32_t> users_;
  std::vector<uint32_t> order_;
  int64_t epoch_ = 0;
  int64_t positions_ = 0;
};

}  // namespace upnext
