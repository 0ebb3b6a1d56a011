// SPDX-License-Identifier: Apache-2.0
#include "batch/batch.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace upnext {

Batcher::Batcher(const Dataset& dataset, const BatchOptions& options)
    : dataset_(dataset), options_(options) {
  for (int64_t user = 0; user < dataset.num_users(); ++user) {
    if (dataset.splits()[user].train_end < 2) continue;
    users_.push_back(static_cast<int32_t>(user));
    positions_ += options.target_positions == TargetPositions::all ? window(users_.back()) : 1;
  }
  check_data(!users_.empty(),
             "{}: no user has two or more training items, so there is nothing to train on",
             dataset.folder().string());
  order_.resize(users_.size());
  start_epoch(0);
}

int64_t Batcher::batches_per_epoch() const {
  const int64_t all = (num_users() + options_.batch_size - 1) / options_.batch_size;
  return options_.max_batches > 0 ? std::min(all, options_.max_batches) : all;
}

void Batcher::start_epoch(int64_t epoch) {
  epoch_ = epoch;
  const PhiloxKey key =
      random_key(options_.seed, Purpose::epoch_order, static_cast<uint64_t>(epoch));
  shuffled_indices(key, order_.data(), static_cast<uint32_t>(order_.size()));
}

Batch Batcher::make(int64_t batch) const {
  const int64_t begin = batch * options_.batch_size;
  const int64_t end = std::min(begin + options_.batch_size, num_users());
  Batch result;
  for (int64_t i = begin; i < end; ++i) {
    const int32_t user = users_[order_[i]];
    const bool full =
        result.tiles.empty() || result.tiles.back().tokens() + window(user) > options_.tile_tokens;
    if (full) result.tiles.emplace_back();
    append(user, result.tiles.back());
  }
  for (const Tile& tile : result.tiles) {
    result.positions += tile.targets.size();
    result.tokens += tile.tokens();
  }
  return result;
}

int64_t Batcher::window(int32_t user) const {
  return std::min(dataset_.splits()[user].train_end - 1, options_.max_length);
}

int64_t Batcher::window_end(int32_t user) const {
  const int64_t train_end = dataset_.splits()[user].train_end;
  const int64_t room = train_end - 1 - window(user);  // places to which the window could move back
  if (options_.window == TrainingWindow::newest || room == 0) return train_end;
  RandomStream random(
      random_key(options_.seed, Purpose::training_window, static_cast<uint64_t>(epoch_)),
      static_cast<uint64_t>(user));
  return train_end - static_cast<int64_t>(random.below(static_cast<uint32_t>(room + 1)));
}

void Batcher::append(int32_t user, Tile& tile) const {
  const int64_t length = window(user);
  const int64_t end = window_end(user);
  const std::span<const int32_t> history = dataset_.histories().row(user);
  const std::span<const int32_t> inputs = history.subspan(end - 1 - length, length);
  const int64_t first_row = tile.tokens();
  tile.sequences.add_row(inputs);
  tile.streams.push_back(static_cast<uint64_t>(user));
  const int64_t skipped = options_.target_positions == TargetPositions::all ? 0 : length - 1;
  for (int64_t i = skipped; i < length; ++i) {
    tile.targets.rows.push_back(static_cast<int32_t>(first_row + i));
    tile.targets.items.push_back(history[end - length + i]);
    tile.targets.weights.push_back(1.0f);
    tile.targets.offsets.push_back(static_cast<int64_t>(tile.targets.items.size()));
  }
}

}  // namespace upnext
