// SPDX-License-Identifier: Apache-2.0
#include "batch/batch.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"

namespace truenext {
namespace {

// Tokens. Smaller tiles give more workers something to do and smaller matrix products.
constexpr int64_t kSmallestTile = 128;
constexpr int64_t kLargestTile = 512;
constexpr int64_t kTilesOfBatch = 8;

}  // namespace

int64_t tile_tokens_of(int64_t batch_tokens) {
  const int64_t share = (batch_tokens + kTilesOfBatch - 1) / kTilesOfBatch;
  return std::clamp(share, kSmallestTile, kLargestTile);
}

Batcher::Batcher(const Dataset& dataset, const BatchOptions& options)
    : dataset_(dataset), options_(options), relevance_(options.future) {
  if (options.pretext) pretext_.emplace(dataset, *options.pretext, options.seed);
  const bool prefixes = options.examples == Examples::prefixes;
  check_usage(options.event_share == 1 || !options.pretext,
              "train.event_share = {}: a pretraining compares segments of whole histories; want 1",
              options.event_share);
  check_data(!options.with_times || dataset.has_times(),
             "{}: has no times of its events, which model.time needs; prepare the data with them "
             "(docs/data-formats.md), or set model.time=none",
             dataset.folder().string());
  if (options.event_share < 1) draw_events();
  const bool all = prefixes || options.target_positions != TargetPositions::last;
  prefixes_.push_back(0);
  users_ = chosen_users();
  for (const int32_t user : users_) {
    positions_ += all ? window(user) : 1;
    prefixes_.push_back(positions_);
  }
  const bool hides =
      (options.target_positions == TargetPositions::hidden || masks()) && !hides_newest();
  check_usage(!hides || options.input_drop > 0,
              "objective.positions = \"{}\" trains positions whose input is hidden, and none is: "
              "set train.input_drop, e.g. 0.2",
              word_of(options.target_positions));
  check_data(!users_.empty(),
             "{}: no user has two or more training items, so there is nothing to train on",
             dataset.folder().string());
  if (hides) {
    positions_ = std::llround(static_cast<double>(positions_) * options.input_drop);
  }
  if (options.with_seen) check_negatives_exist();
  const int64_t examples = prefixes ? positions_ : num_users();
  check_data(examples <= std::numeric_limits<uint32_t>::max(),
             "{}: {} prefixes are more than an epoch can number; use train.examples = "
             "\"sequences\"",
             dataset.folder().string(), examples);
  check_data(options.users == UserOrder::shuffled || examples >= options.batch_size,
             "{}: {} {} make no whole batch of {}, and those drawn with replacement come in whole "
             "batches; lower train.batch_size",
             dataset.folder().string(), examples, prefixes ? "prefixes" : "users",
             options.batch_size);
  order_.resize(static_cast<size_t>(examples));
  if (pretext_) {
    positions_ = 0;
    for (int64_t i = 0; i < examples; ++i) positions_ += example_of(i).length;
  }
  start_epoch(0);
}

void Batcher::draw_events() {
  const PhiloxKey key = random_key(options_.user_sample, Purpose::event_sample);
  std::vector<int32_t> kept;
  for (int64_t user = 0; user < dataset_.num_users(); ++user) {
    RandomStream random(key, static_cast<uint64_t>(user));
    const std::span<const int32_t> history = dataset_.histories().row(user);
    kept.clear();
    for (int64_t i = 0; i < dataset_.splits()[user].train_end; ++i) {
      if (random.uniform() >= options_.event_share) continue;
      kept.push_back(history[i]);
      places_.push_back(static_cast<int32_t>(i));
    }
    sampled_.add_row(kept);
  }
}

std::span<const int32_t> Batcher::training_part(int32_t user) const {
  if (options_.event_share < 1) return sampled_.row(user);
  const auto end = static_cast<size_t>(dataset_.splits()[user].train_end);
  return dataset_.histories().row(user).first(end);
}

int64_t Batcher::place_in_history(int32_t user, int64_t place) const {
  return options_.event_share < 1 ? places_[sampled_.offsets[user] + place] : place;
}

std::vector<int32_t> Batcher::chosen_users() const {
  std::vector<int32_t> users;
  for (int64_t user = 0; user < dataset_.num_users(); ++user) {
    const auto number = static_cast<int32_t>(user);
    if (train_end(number) >= 2) users.push_back(number);
  }
  if (options_.user_share == 1) return users;
  std::vector<uint32_t> order(users.size());
  shuffled_indices(random_key(options_.user_sample, Purpose::split_users), order.data(),
                   static_cast<uint32_t>(order.size()));
  std::vector<int32_t> chosen;
  const auto count = static_cast<size_t>(
      std::floor(options_.user_share * static_cast<double>(users.size()) + 1e-9));
  for (size_t i = 0; i < count; ++i) chosen.push_back(users[order[i]]);
  std::ranges::sort(chosen);
  return chosen;
}

int64_t Batcher::batches_per_epoch() const {
  const bool whole = options_.users == UserOrder::with_replacement;
  const int64_t all =
      (num_examples() + (whole ? 0 : options_.batch_size - 1)) / options_.batch_size;
  return options_.max_batches > 0 ? std::min(all, options_.max_batches) : all;
}

void Batcher::start_epoch(int64_t epoch) {
  epoch_ = epoch;
  const PhiloxKey key =
      random_key(options_.seed, Purpose::epoch_order, static_cast<uint64_t>(epoch));
  const auto count = static_cast<uint32_t>(order_.size());
  if (options_.users == UserOrder::shuffled) {
    shuffled_indices(key, order_.data(), count);
    return;
  }
  RandomStream random(key);
  for (uint32_t& example : order_) example = random.below(count);
}

Batcher::Example Batcher::example_of(int64_t number) const {
  if (options_.examples == Examples::sequences) {
    const int32_t user = users_[number];
    return {user, window(user), window_end(user)};
  }
  const auto after = std::upper_bound(prefixes_.begin(), prefixes_.end(), number);
  const int32_t user = users_[after - prefixes_.begin() - 1];
  // The newest target first, and as much before each as the model sees.
  const int64_t end = window_end(user) - (*after - 1 - number);
  return {user, std::min(end - (newest_is_input() ? 0 : 1), options_.max_length), end};
}

uint64_t Batcher::stream(int64_t place, const Example& example) const {
  uint64_t draw = options_.examples == Examples::prefixes ? static_cast<uint64_t>(example.end) : 0;
  // Who comes twice draws other random numbers the second time.
  if (options_.users == UserOrder::with_replacement) draw = static_cast<uint64_t>(place + 1);
  return draw << 32 | static_cast<uint64_t>(example.user);
}

Batch Batcher::make(int64_t batch) const {
  const int64_t begin = batch * options_.batch_size;
  const int64_t end = std::min(begin + options_.batch_size, num_examples());
  Batch result;
  const int64_t most =
      options_.tile_tokens > 0 ? options_.tile_tokens : tile_tokens_of(tokens_between(begin, end));
  for (int64_t i = begin; i < end; ++i) {
    const Example one = example(i);
    const bool full = result.tiles.empty() || result.tiles.back().tokens() + tokens_of(one) > most;
    if (full) result.tiles.emplace_back();
    append(one, stream(i, one), result.tiles.back());
    // Where chance hid nothing in a whole batch there would be nothing to divide by.
    const auto untrained = [](const Tile& tile) { return tile.targets.size() == 0; };
    if (!pretext_ && i + 1 == end && std::ranges::all_of(result.tiles, untrained)) {
      result.tiles.back().hidden.back() = 1;
      append_targets(one, result.tiles.back());
    }
  }
  for (const Tile& tile : result.tiles) {
    result.positions += tile.targets.size();
    result.positions += std::ssize(tile.pretext.known) + std::ssize(tile.pretext.hidden);
    result.cells += tile.targets.cells;
    result.pretext_examples += tile.pretext.examples;
    result.tokens += tile.tokens();
  }
  if (options_.with_pool) share_pool(result);
  return result;
}

int64_t Batcher::tokens_between(int64_t begin, int64_t end) const {
  int64_t tokens = 0;
  for (int64_t i = begin; i < end; ++i) tokens += tokens_of(example(i));
  return tokens;
}

void Batcher::share_pool(Batch& batch) {
  auto pool = std::make_shared<std::vector<int32_t>>();
  for (const Tile& tile : batch.tiles) {
    pool->insert(pool->end(), tile.targets.items.begin(), tile.targets.items.end());
  }
  for (Tile& tile : batch.tiles) tile.pool = pool;
}

int64_t Batcher::window(int32_t user) const {
  return std::min(train_end(user) - (window_has_newest() ? 0 : 1), options_.max_length);
}

int64_t Batcher::window_end(int32_t user) const {
  const int64_t end = train_end(user);
  const int64_t inputs = end - (window_has_newest() ? 0 : 1);
  const int64_t room = inputs - window(user);  // places to which the window could move back
  if (options_.window == TrainingWindow::newest || room == 0) return end;
  RandomStream random(
      random_key(options_.seed, Purpose::training_window, static_cast<uint64_t>(epoch_)),
      static_cast<uint64_t>(user));
  return end - static_cast<int64_t>(random.below(static_cast<uint32_t>(room + 1)));
}

void Batcher::append(const Example& example, uint64_t stream, Tile& tile) const {
  const std::span<const int32_t> history = training_part(example.user);
  const int64_t end = example.end - (newest_is_input() ? 0 : 1);
  if (pretext_) {
    pretext_->append(history.subspan(end - example.length, example.length), stream, epoch_, tile);
    return;
  }
  tile.sequences.add_row(history.subspan(end - example.length, example.length));
  tile.streams.push_back(stream);
  if (options_.with_seen) tile.seen.add_row(training_items(example.user));
  if (options_.input_drop > 0 || hides_newest()) hide_inputs(example, stream, tile);
  if (options_.with_times) append_times(example, tile);
  append_targets(example, tile);
}

// The newest item is a target only, so that every input has an event behind it.
void Batcher::append_times(const Example& example, Tile& tile) const {
  assert(!newest_is_input());
  const std::span<const int64_t> times = dataset_.times().row(example.user);
  const auto time_of = [&](int64_t place) {
    return times[static_cast<size_t>(place_in_history(example.user, place))];
  };
  for (int64_t next = example.end - example.length; next < example.end; ++next) {
    tile.times.push_back(time_of(next - 1));
    tile.query_times.push_back(time_of(next));
  }
}

void Batcher::hide_inputs(const Example& example, uint64_t stream, Tile& tile) const {
  RandomStream random(random_key(options_.seed, Purpose::input_drop, static_cast<uint64_t>(epoch_)),
                      stream);
  tile.hidden.resize(static_cast<size_t>(tile.tokens()), 0);
  for (int64_t i = tile.tokens() - 1; i >= tile.tokens() - example.length; --i) {
    tile.hidden[i] = random.uniform() < options_.input_drop ? 1 : 0;
  }
  if (hides_newest()) tile.hidden.back() = 1;
}

bool Batcher::is_trained(const Example& example, int64_t i, const Tile& tile) const {
  if (options_.examples == Examples::prefixes) return i == example.length - 1;
  switch (options_.target_positions) {
    case TargetPositions::all:
      return true;
    case TargetPositions::last:
      return i == example.length - 1;
    case TargetPositions::hidden:
    case TargetPositions::masked:
      return tile.hidden[tile.tokens() - example.length + i] != 0;
  }
  return false;
}

void Batcher::append_targets(const Example& example, Tile& tile) const {
  const std::span<const int32_t> history = training_part(example.user);
  const int64_t first_row = tile.tokens() - example.length;
  for (int64_t i = 0; i < example.length; ++i) {
    if (!is_trained(example, i, tile)) continue;
    // A window that ends early still looks ahead: its targets stay inside the training part.
    // Of masked positions the target is the input itself.
    const int64_t next = example.end - example.length + i;
    const int64_t available = std::min(relevance_.future_items(), std::ssize(history) - next);
    tile.targets.rows.push_back(static_cast<int32_t>(first_row + i));
    if (options_.with_places) {
      tile.targets.places.push_back({example.user, place_in_history(example.user, next)});
    }
    append_query(history.subspan(next, available), relevance_.of(available), tile.targets);
  }
}

void Batcher::append_query(std::span<const int32_t> items, std::span<const float> weights,
                           Targets& targets) const {
  const auto begin = static_cast<std::ptrdiff_t>(targets.items.size());
  for (size_t j = 0; j < items.size(); ++j) {
    const auto from = targets.items.begin() + begin;
    const auto earlier = std::find(from, targets.items.end(), items[j]);
    if (earlier == targets.items.end()) {
      targets.items.push_back(items[j]);
      targets.weights.push_back(weights[j]);
    } else if (options_.future.repeats == RepeatWeights::sum) {
      targets.weights[earlier - targets.items.begin()] += weights[j];
    } else {
      continue;
    }
    ++targets.cells;
  }
  targets.offsets.push_back(std::ssize(targets.items));
}

std::vector<int32_t> Batcher::training_items(int32_t user) const {
  const std::span<const int32_t> items = training_part(user);
  std::vector<int32_t> sorted(items.begin(), items.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

void Batcher::check_negatives_exist() const {
  for (const int32_t user : users_) {
    check_data(std::ssize(training_items(user)) < dataset_.num_items(),
               "{}: the training items of user \"{}\" are the whole catalogue of {} items, so "
               "objective.exclude = \"history\" leaves no negatives; use \"positive\"",
               dataset_.folder().string(), dataset_.users().raw(user), dataset_.num_items());
  }
}

}  // namespace truenext
