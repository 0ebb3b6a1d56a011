// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "base/words.h"
#include "batch/future.h"
#include "batch/pretext.h"
#include "data/dataset.h"

namespace truenext {

/// The history that a query's target follows: the first `end` items of a user.
struct HistoryPlace {
  int32_t user = 0;
  int64_t end = 0;
};

/// What a position is trained towards: positive items with weights, for some tokens of a tile.
/// Query q asks the state of token rows[q] to prefer items[offsets[q] .. offsets[q + 1]).
struct Targets {
  std::vector<int32_t> rows;
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> items;
  std::vector<float> weights;  ///< one per item; 1 for plain next-item training
  int64_t cells = 0;           ///< items with their repeats, of which a query keeps one
  /// One per query where the batcher was asked for them.
  std::vector<HistoryPlace> places;

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
  /// Largest number of items of a query.
  int64_t most() const {
    int64_t most = 0;
    for (int64_t q = 0; q < size(); ++q) most = std::max(most, offsets[q + 1] - offsets[q]);
    return most;
  }
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
  /// [tokens]: 1 where the input is hidden from the network; empty when none ever is.
  std::vector<uint8_t> hidden;
  /// [tokens], seconds: of the events, and of the next event of each, which is when it was asked
  /// for; empty where the batcher was not asked for them.
  std::vector<int64_t> times, query_times;
  Targets targets;
  PretextTargets pretext;  ///< of pretraining, in place of targets
  /// Per sequence the user's distinct training items, ascending, where the batcher was asked for
  /// them; else no rows.
  Jagged<int32_t> seen;
  /// Targets of the whole batch, in order and with repeats, where the batcher was asked for them.
  std::shared_ptr<const std::vector<int32_t>> pool;

  int64_t tokens() const { return static_cast<int64_t>(sequences.values.size()); }
};

/// Which positions of a window are trained: all, the newest, those whose own input is hidden (the
/// "MLM" of Li et al. 2023), whose targets are next items; or masked: the hidden inputs of the
/// whole training part are the targets themselves (BERT4Rec's cloze). A prefix has one: its newest
/// item.
enum class TargetPositions { all, last, hidden, masked };
template <>
struct Words<TargetPositions> {
  static constexpr std::array names = {"all", "last", "hidden", "masked"};
};

/// Which part of a history that is longer than max_length + 1 is trained on: always the newest
/// items (as the originals do, so older ones are never seen), or a stretch drawn anew for every
/// epoch.
enum class TrainingWindow { newest, random };
template <>
struct Words<TrainingWindow> {
  static constexpr std::array names = {"newest", "random"};
};

/// Who is in an epoch: every user once, or as many users drawn with replacement as whole batches
/// hold (so that some come twice and others not, as in Bacciu et al. 2023).
enum class UserOrder { shuffled, with_replacement };
template <>
struct Words<UserOrder> {
  static constexpr std::array names = {"shuffled", "with-replacement"};
};

/// What an example of a batch is: a user's window, trained at all its positions or the last, or
/// every prefix of that window, trained at its newest position only (as RecBole, SR-GNN and CSRec
/// do), shuffled over all users.
enum class Examples { sequences, prefixes };
template <>
struct Words<Examples> {
  static constexpr std::array names = {"sequences", "prefixes"};
};

/// What a step counts: "users" or "prefixes".
inline const char* examples_name(Examples examples) {
  return examples == Examples::prefixes ? "prefixes" : "users";
}

/// A batch of users cut into tiles. `positions` is the number of queries of the whole batch (in
/// pretraining, of the items of its examples) and `cells` that of their positive items: the divisor
/// of the batch's loss is one of them, and every tile needs it.
struct Batch {
  std::vector<Tile> tiles;
  int64_t positions = 0;
  int64_t cells = 0;
  int64_t pretext_examples = 0;  ///< of pretraining: the divisor
  int64_t tokens = 0;
};

/// How large the tiles of a batch of so many tokens are: a part of it that keeps eight workers
/// busy, but no less than fills a matrix product and no more than stays in cache. A function of the
/// batch alone, so that bits do not depend on who works on it.
int64_t tile_tokens_of(int64_t batch_tokens);

struct BatchOptions {
  int64_t batch_size = 128;  ///< examples: users, or prefixes
  int64_t max_length = 200;  ///< inputs per user: the newest max_length + 1 training items
  /// A tile ends before it exceeds this (one sequence always fits); 0 = tile_tokens_of() the batch.
  int64_t tile_tokens = 0;
  int64_t max_batches = 0;  ///< per epoch; 0 = all users every epoch
  TargetPositions target_positions = TargetPositions::all;
  FutureOptions future;
  double input_drop = 0;  ///< share of the inputs that are hidden, drawn anew in every epoch
  TrainingWindow window = TrainingWindow::newest;
  UserOrder users = UserOrder::shuffled;
  double user_share = 1;     ///< of the users that could be trained on, rounded down
  double event_share = 1;    ///< chance of each event of a training part to be there
  uint64_t user_sample = 0;  ///< seed of which users, and of which events
  Examples examples = Examples::sequences;
  /// Examples are made for pretraining: every prefix, its newest item included.
  std::optional<PretextOptions> pretext{};
  bool with_seen = false;    ///< fill Tile::seen
  bool with_pool = false;    ///< fill Tile::pool
  bool with_places = false;  ///< fill Targets::places
  bool with_times = false;   ///< fill Tile::times, of whose dataset there must be some
  uint64_t seed = 42;
};

/// Hands out the batches of any epoch in any order: a batch depends on the options, the epoch and
/// its number only, so a resumed run continues anywhere. The dataset must outlive it.
class Batcher {
 public:
  /// Data Error when no user has two training items, and with `with_seen` when a user's training
  /// items are the whole catalogue.
  Batcher(const Dataset& dataset, const BatchOptions& options);

  int64_t num_users() const {
    return static_cast<int64_t>(users_.size());
  }  ///< that can be trained on
  /// Of an epoch that visits each once: users, or their prefixes.
  int64_t num_examples() const { return static_cast<int64_t>(order_.size()); }
  int64_t batches_per_epoch() const;
  /// Queries of an epoch that visits every user once; of hidden positions as many as are expected.
  int64_t positions_per_epoch() const { return positions_; }

  /// Shuffles the examples for `epoch`; call before make().
  void start_epoch(int64_t epoch);
  Batch make(int64_t batch) const;

 private:
  /// Inputs history[end - 1 - length .. end - 1), whose newest one has the target history[end - 1];
  /// of masked positions and in pretraining history[end - length .. end).
  struct Example {
    int32_t user = 0;
    int64_t length = 0, end = 0;
  };
  Example example_of(int64_t number) const;
  Example example(int64_t place) const {
    return example_of(static_cast<int64_t>(order_[static_cast<size_t>(place)]));
  }
  /// Tells the example's random numbers from those of all others of the epoch.
  uint64_t stream(int64_t place, const Example& example) const;
  void append(const Example& example, uint64_t stream, Tile& tile) const;
  void append_targets(const Example& example, Tile& tile) const;
  void hide_inputs(const Example& example, uint64_t stream, Tile& tile) const;
  /// Whether the state of the example's token i of the tile is trained.
  bool is_trained(const Example& example, int64_t i, const Tile& tile) const;
  void append_query(std::span<const int32_t> items, std::span<const float> weights,
                    Targets& targets) const;
  /// Draws the events of every training part that are there.
  void draw_events();
  void append_times(const Example& example, Tile& tile) const;
  /// A user's training part, or the sample of it.
  std::span<const int32_t> training_part(int32_t user) const;
  int64_t train_end(int32_t user) const { return static_cast<int64_t>(training_part(user).size()); }
  /// How many events of the whole training part precede event `place` of training_part().
  int64_t place_in_history(int32_t user, int64_t place) const;
  /// Users that have something to train on, or the sample of them, ascending.
  std::vector<int32_t> chosen_users() const;
  std::vector<int32_t> training_items(int32_t user) const;  ///< distinct, ascending
  void check_negatives_exist() const;
  /// Inputs of examples begin .. end - 1 of the epoch's order.
  int64_t tokens_between(int64_t begin, int64_t end) const;
  bool masks() const { return options_.target_positions == TargetPositions::masked; }
  /// Whether an example's newest item is an input, and not only a target.
  bool newest_is_input() const { return masks() || pretext_.has_value(); }
  /// Prefixes of masked positions are asked for as in use: the newest item is hidden, and is the
  /// target. What has nothing before it is no example.
  bool hides_newest() const { return masks() && options_.examples == Examples::prefixes; }
  bool window_has_newest() const { return newest_is_input() && !hides_newest(); }
  int64_t tokens_of(const Example& example) const {
    return pretext_ ? pretext_->tokens_of(example.length) : example.length;
  }
  static void share_pool(Batch& batch);
  int64_t window(int32_t user) const;      ///< inputs of a user
  int64_t window_end(int32_t user) const;  ///< one past the last target

  const Dataset& dataset_;
  BatchOptions options_;
  RelevanceWeights relevance_;
  std::optional<PretextSampler> pretext_;
  Jagged<int32_t> sampled_;      ///< with event_share: the events that are there, by user
  std::vector<int32_t> places_;  ///< of each, its number in the whole training part
  std::vector<int32_t> users_;
  std::vector<int64_t> prefixes_;  ///< [users + 1]: those of the users before, where examples are
  std::vector<uint32_t> order_;    ///< of examples
  int64_t epoch_ = 0;
  int64_t positions_ = 0;
};

}  // namespace truenext
