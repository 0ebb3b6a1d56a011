// SPDX-License-Identifier: Apache-2.0
#include "batch/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "support/small_data.h"
#include "support/timed_data.h"

namespace truenext {
namespace {

class Batching : public testing::Test {
 protected:
  static Dataset dataset_of(const std::string& pairs, const test::TemporaryFolder& folder) {
    set_quiet(true);
    return Dataset::open(test::prepare_pairs(folder, pairs));
  }
  static std::string line(const std::string& user, const std::vector<int>& items) {
    std::string text;
    for (const int item : items) text += user + " " + std::to_string(item) + "\n";
    return text;
  }
  static std::vector<int32_t> all_items(const Batch& batch) {
    std::vector<int32_t> items;
    for (const Tile& tile : batch.tiles) {
      items.insert(items.end(), tile.sequences.values.begin(), tile.sequences.values.end());
    }
    return items;
  }

  test::TemporaryFolder folder_;
};

TEST_F(Batching, AWindowIsTheNewestTrainingItemsAndTargetsAreTheNextOnes) {
  // Leave-last 1/1: items 5 and 6 are held out, so training sees 0..4 (ids by first appearance).
  const Dataset data = dataset_of(line("a", {10, 11, 12, 13, 14, 15, 16}), folder_);
  BatchOptions options;
  options.max_length = 3;
  Batcher batcher(data, options);
  const Batch batch = batcher.make(0);
  ASSERT_EQ(batch.tiles.size(), 1u);
  const Tile& tile = batch.tiles[0];
  EXPECT_EQ(tile.sequences.values, (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(tile.targets.items, (std::vector<int32_t>{2, 3, 4}));
  EXPECT_EQ(tile.targets.rows, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(batch.positions, 3);
}

// Every event of a sample is one of the user's own, in order, the same in every epoch, and a
// target's place is that in the whole history, held-out items never among them.
TEST_F(Batching, ASampleOfEventsIsAnOrderedPartOfEveryTrainingPart) {
  std::string pairs;
  for (int user = 0; user < 40; ++user) {
    std::vector<int> items;
    for (int i = 0; i < 22; ++i) items.push_back(1 + (user * 7 + i * 3) % 50);
    pairs += line("u" + std::to_string(user), items);
  }
  const Dataset data = dataset_of(pairs, folder_);
  BatchOptions options;
  options.event_share = 0.7;
  options.user_sample = 5;
  options.with_places = true;
  options.batch_size = 40;
  Batcher batcher(data, options);
  Batch batch = batcher.make(0);
  int64_t events = 0;
  for (const Tile& tile : batch.tiles) {
    for (size_t s = 0, query = 0; s < tile.streams.size(); ++s) {
      const auto user = static_cast<int64_t>(tile.streams[s]);
      const auto history = data.histories().row(user);
      const auto inputs = tile.sequences.row(s);
      events += std::ssize(inputs) + 1;
      int64_t before = -1;
      for (size_t i = 0; i < inputs.size(); ++i, ++query) {
        const HistoryPlace place = tile.targets.places[query];
        EXPECT_EQ(place.user, user);
        EXPECT_GT(place.end, before);
        EXPECT_LT(place.end, data.splits()[user].train_end);
        EXPECT_EQ(history[place.end], tile.targets.positives(query)[0]);
        if (i > 0) EXPECT_EQ(history[before], inputs[i]);
        before = place.end;
      }
    }
  }
  EXPECT_NEAR(static_cast<double>(events) / (40 * 20), 0.7, 0.06);
  const auto sorted = [](std::vector<int32_t> items) {
    std::ranges::sort(items);
    return items;
  };
  const std::vector<int32_t> first = sorted(all_items(batch));
  batcher.start_epoch(1);
  EXPECT_EQ(sorted(all_items(batcher.make(0))), first);
  options.user_sample = 6;
  EXPECT_NE(sorted(all_items(Batcher(data, options).make(0))), first);
}

TEST_F(Batching, LastPositionsTrainOneTargetPerUser) {
  const Dataset data = dataset_of(line("a", {1, 2, 3, 4, 5, 6}) + line("b", {3, 1, 2, 5}), folder_);
  BatchOptions options;
  options.target_positions = TargetPositions::last;
  Batcher batcher(data, options);
  const Batch batch = batcher.make(0);
  EXPECT_EQ(batch.positions, 2);
  EXPECT_EQ(batcher.positions_per_epoch(), 2);
  for (const Tile& tile : batch.tiles) {
    for (int64_t q = 0; q < tile.targets.size(); ++q) {
      EXPECT_EQ(tile.targets.rows[q] + 1, tile.sequences.offsets[q + 1]);
    }
  }
}

TEST_F(Batching, PrefixesAreExamplesOfTheirOwn) {
  const Dataset data = dataset_of(
      line("a", {10, 11, 12, 13, 14, 15, 16}) + line("b", {10, 12, 11, 13, 14}), folder_);
  BatchOptions options;
  options.examples = Examples::prefixes;
  options.max_length = 3;
  options.batch_size = 2;
  Batcher batcher(data, options);
  // Training parts 0 1 2 3 4 and 0 2 1: the newest three targets of the first, both of the second.
  EXPECT_EQ(batcher.num_users(), 2);
  EXPECT_EQ(batcher.num_examples(), 5);
  EXPECT_EQ(batcher.positions_per_epoch(), 5);
  EXPECT_EQ(batcher.batches_per_epoch(), 3);
  std::map<std::vector<int32_t>, int32_t> target_of;
  std::set<uint64_t> streams;
  for (int64_t number = 0; number < 3; ++number) {
    const Batch batch = batcher.make(number);
    EXPECT_EQ(batch.positions, number < 2 ? 2 : 1);
    for (const Tile& tile : batch.tiles) {
      ASSERT_EQ(tile.targets.size(), tile.sequences.size());
      for (int64_t s = 0; s < tile.sequences.size(); ++s) {
        const auto row = tile.sequences.row(s);
        EXPECT_EQ(tile.targets.rows[s], tile.sequences.offsets[s + 1] - 1) << "the newest position";
        target_of[{row.begin(), row.end()}] = tile.targets.items[s];
        streams.insert(tile.streams[s]);
      }
    }
  }
  // A prefix sees as much as the model does, also of what lies before the window.
  const std::map<std::vector<int32_t>, int32_t> expected = {
      {{0, 1}, 2}, {{0, 1, 2}, 3}, {{1, 2, 3}, 4}, {{0}, 2}, {{0, 2}, 1}};
  EXPECT_EQ(target_of, expected);
  EXPECT_EQ(streams.size(), 5u) << "two prefixes share their masks";
}

TEST_F(Batching, PrefixesOfOneUserAreSpreadOverTheEpoch) {
  std::string pairs;
  for (const char* user : {"a", "b", "c", "d"}) {
    pairs += line(user, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  }
  const Dataset data = dataset_of(pairs, folder_);
  BatchOptions options;
  options.examples = Examples::prefixes;
  options.batch_size = 7;
  Batcher batcher(data, options);
  const auto users_of = [&](int64_t epoch) {
    batcher.start_epoch(epoch);
    std::vector<uint64_t> users;
    for (int64_t number = 0; number < batcher.batches_per_epoch(); ++number) {
      const Batch batch = batcher.make(number);
      for (const Tile& tile : batch.tiles) {
        for (const uint64_t stream : tile.streams) users.push_back(stream & 0xffffffff);
      }
    }
    return users;
  };
  const auto first = users_of(0), second = users_of(1);
  EXPECT_EQ(first.size(), 28u);
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
  for (uint64_t user = 0; user < 4; ++user) EXPECT_EQ(std::ranges::count(first, user), 7);
}

TEST_F(Batching, PrefixesDrawnWithReplacementShareNoMasks) {
  const Dataset data = dataset_of(line("a", {1, 2, 3, 4, 5, 6}) + line("b", {3, 1, 2, 5}), folder_);
  BatchOptions options;
  options.examples = Examples::prefixes;
  options.users = UserOrder::with_replacement;
  options.batch_size = 4;
  Batcher batcher(data, options);
  std::set<uint64_t> streams;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    batcher.start_epoch(epoch);
    const Batch batch = batcher.make(0);
    streams.clear();
    for (const Tile& tile : batch.tiles) streams.insert(tile.streams.begin(), tile.streams.end());
    EXPECT_EQ(streams.size(), 4u) << epoch;
  }
}

TEST_F(Batching, HiddenInputsAreDrawnAnewInEveryEpochAndTheirPositionsTrained) {
  std::string pairs;
  for (int user = 0; user < 40; ++user) {
    pairs += line("u" + std::to_string(user), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  }
  const Dataset data = dataset_of(pairs, folder_);
  BatchOptions options;
  options.input_drop = 0.25;
  options.target_positions = TargetPositions::hidden;
  Batcher batcher(data, options);
  EXPECT_EQ(batcher.positions_per_epoch(), 70);  // a quarter of 40 x 7
  const auto hidden_of = [&](int64_t epoch) {
    batcher.start_epoch(epoch);
    const Batch batch = batcher.make(0);
    std::vector<uint8_t> all;
    for (const Tile& tile : batch.tiles) {
      EXPECT_EQ(std::ssize(tile.hidden), tile.tokens());
      EXPECT_EQ(std::ranges::count(tile.hidden, 1), tile.targets.size());
      for (int64_t q = 0; q < tile.targets.size(); ++q) {
        const int32_t row = tile.targets.rows[q];
        EXPECT_EQ(tile.hidden[row], 1);
        // Histories count upwards, so the next item is one more.
        EXPECT_EQ(tile.targets.items[q], tile.sequences.values[row] + 1);
      }
      all.insert(all.end(), tile.hidden.begin(), tile.hidden.end());
    }
    EXPECT_EQ(std::ssize(all), 280);
    EXPECT_NEAR(static_cast<double>(batch.positions), 70, 25);
    return all;
  };
  EXPECT_NE(hidden_of(0), hidden_of(1));
  EXPECT_EQ(hidden_of(1), hidden_of(1));
}

TEST_F(Batching, MaskedPositionsAreAskedForTheirOwnItem) {
  const Dataset data = dataset_of(line("a", {10, 11, 12, 13, 14, 15, 16}), folder_);
  BatchOptions options;
  options.max_length = 3;
  options.input_drop = 0.9;
  options.target_positions = TargetPositions::masked;
  Batcher batcher(data, options);
  const Batch batch = batcher.make(0);
  const Tile& tile = batch.tiles[0];
  // The training part is items 0 to 4, of which the newest is an input, too.
  EXPECT_EQ(tile.sequences.values, (std::vector<int32_t>{2, 3, 4}));
  ASSERT_GT(tile.targets.size(), 0);
  for (int64_t q = 0; q < tile.targets.size(); ++q) {
    EXPECT_EQ(tile.hidden[tile.targets.rows[q]], 1);
    EXPECT_EQ(tile.targets.items[q], tile.sequences.values[tile.targets.rows[q]]);
  }
  options.input_drop = 0;
  EXPECT_THROW(Batcher(data, options), Error);
}

TEST_F(Batching, PrefixesOfMaskedPositionsHideTheirNewestItemAndAskForIt) {
  const Dataset data = dataset_of(line("a", {10, 11, 12, 13, 14, 15, 16}), folder_);
  BatchOptions options;
  options.max_length = 3;
  options.target_positions = TargetPositions::masked;
  options.examples = Examples::prefixes;
  for (const double drop : {0.0, 0.5}) {
    for (const TrainingWindow window : {TrainingWindow::newest, TrainingWindow::random}) {
      options.input_drop = drop;
      options.window = window;
      Batcher batcher(data, options);
      EXPECT_EQ(batcher.num_examples(), 3);  // of as many targets as the window has places
      EXPECT_EQ(batcher.positions_per_epoch(), 3);
      const Batch batch = batcher.make(0);
      const Tile& tile = batch.tiles[0];
      ASSERT_EQ(tile.targets.size(), 3);
      for (int64_t q = 0; q < 3; ++q) {
        const auto row = static_cast<size_t>(tile.targets.rows[q]);
        EXPECT_EQ(static_cast<int64_t>(row) + 1, tile.sequences.offsets[q + 1]);
        EXPECT_EQ(tile.hidden[row], 1);
        EXPECT_EQ(tile.targets.items[q], tile.sequences.values[row]);
        EXPECT_GE(std::ssize(tile.sequences.row(q)), 2);  // something stands before it
      }
      const auto hidden = std::ranges::count(tile.hidden, 1);
      if (drop == 0) {
        EXPECT_EQ(hidden, 3);
      } else {
        EXPECT_GE(hidden, 3);
      }
    }
  }
}

TEST_F(Batching, ABatchInWhichChanceHidNothingTrainsItsNewestInput) {
  const Dataset data = dataset_of(line("a", {1, 2, 3, 4, 5, 6}), folder_);
  BatchOptions options;
  options.input_drop = 1e-12;
  options.target_positions = TargetPositions::hidden;
  Batcher batcher(data, options);
  const Batch batch = batcher.make(0);
  EXPECT_EQ(batch.positions, 1);
  EXPECT_EQ(batch.tiles[0].hidden, (std::vector<uint8_t>{0, 0, 1}));
  EXPECT_EQ(batch.tiles[0].targets.rows, std::vector<int32_t>{2});
}

TEST_F(Batching, UsersWithoutTwoTrainingItemsAreLeftOut) {
  const Dataset data = dataset_of(line("a", {1, 2, 3}) + line("b", {1, 2, 3, 4}), folder_);
  Batcher batcher(data, BatchOptions{});
  EXPECT_EQ(batcher.num_users(), 1);
  const test::TemporaryFolder other;
  const Dataset none = dataset_of(line("a", {1, 2, 3}), other);
  EXPECT_THROW(Batcher(none, BatchOptions{}), Error);
}

TEST_F(Batching, AnEpochVisitsEveryUserOnceInAnOrderOfItsOwn) {
  write_file_atomically(folder_ / "ring.txt", test::ring_log(50, 20, 8));
  const Dataset data = dataset_of(test::ring_log(50, 20, 8), folder_);
  BatchOptions options;
  options.batch_size = 16;
  Batcher batcher(data, options);
  std::vector<std::vector<uint64_t>> orders;
  for (int epoch = 0; epoch < 2; ++epoch) {
    batcher.start_epoch(epoch);
    std::vector<uint64_t> users;
    for (int64_t b = 0; b < batcher.batches_per_epoch(); ++b) {
      for (const Tile& tile : batcher.make(b).tiles) {
        users.insert(users.end(), tile.streams.begin(), tile.streams.end());
      }
    }
    EXPECT_EQ(static_cast<int64_t>(users.size()), batcher.num_users());
    EXPECT_EQ(std::set<uint64_t>(users.begin(), users.end()).size(), users.size());
    orders.push_back(users);
  }
  EXPECT_NE(orders[0], orders[1]);
  batcher.start_epoch(0);  // going back gives the same batches: what resuming relies on
  EXPECT_EQ(batcher.make(1).tiles[0].streams[0], orders[0][16]);
}

TEST_F(Batching, RandomWindowsReachEveryItemAndAreRepeatable) {
  std::vector<int> items(30);
  for (int i = 0; i < 30; ++i) items[static_cast<size_t>(i)] = i;
  const Dataset data = dataset_of(line("a", items), folder_);
  BatchOptions options;
  options.max_length = 4;
  options.window = TrainingWindow::random;
  Batcher batcher(data, options);
  std::set<int32_t> seen;
  std::vector<int32_t> third;
  for (int epoch = 0; epoch < 200; ++epoch) {
    batcher.start_epoch(epoch);
    const Batch batch = batcher.make(0);
    const Tile& tile = batch.tiles[0];
    ASSERT_EQ(tile.tokens(), 4);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(tile.targets.items[i], tile.sequences.values[i] + 1);  // still the next items
    }
    seen.insert(tile.targets.items.begin(), tile.targets.items.end());
    if (epoch == 3) third = tile.sequences.values;
  }
  EXPECT_EQ(seen.size(), 27u);  // 28 training items, the first is no target; held-out ones never
  EXPECT_EQ(*seen.rbegin(), 27);
  batcher.start_epoch(3);
  EXPECT_EQ(batcher.make(0).tiles[0].sequences.values, third);
}

TEST_F(Batching, TilesHoldWholeSequencesAndRespectTheirSize) {
  const Dataset data = dataset_of(test::ring_log(50, 20, 12), folder_);
  BatchOptions small, large;
  small.tile_tokens = 20;
  large.tile_tokens = 100000;
  Batcher a(data, small), b(data, large);
  const Batch cut = a.make(0), whole = b.make(0);
  EXPECT_EQ(whole.tiles.size(), 1u);
  EXPECT_GT(cut.tiles.size(), 5u);
  EXPECT_EQ(all_items(cut), all_items(whole));
  EXPECT_EQ(cut.positions, whole.positions);
  for (const Tile& tile : cut.tiles) EXPECT_LE(tile.tokens(), 20);
}

TEST_F(Batching, ATileOfExactlyItsSizeIsNotCut) {
  // Leave-last 1/1: six items are three inputs and a target after each.
  const Dataset data = dataset_of(line("a", {1, 2, 3, 4, 5, 6}) + line("b", {3, 1, 2, 5, 6, 4}) +
                                      line("c", {2, 3, 4, 5, 6, 1}) + line("d", {6, 5, 4, 3, 2, 1}),
                                  folder_);
  const auto sizes = [&](int64_t tile_tokens) {
    BatchOptions options;
    options.tile_tokens = tile_tokens;
    const Batcher batcher(data, options);
    std::vector<int64_t> tokens;
    for (const Tile& tile : batcher.make(0).tiles) tokens.push_back(tile.tokens());
    return tokens;
  };
  EXPECT_EQ(sizes(5), (std::vector<int64_t>{3, 3, 3, 3}));
  EXPECT_EQ(sizes(6), (std::vector<int64_t>{6, 6}));
  EXPECT_EQ(sizes(8), (std::vector<int64_t>{6, 6}));
  EXPECT_EQ(sizes(9), (std::vector<int64_t>{9, 3}));
  EXPECT_EQ(sizes(12), (std::vector<int64_t>{12}));
}

TEST_F(Batching, ASequenceLongerThanATileGetsOneOfItsOwn) {
  const Dataset data = dataset_of(test::ring_log(10, 20, 12), folder_);
  BatchOptions options;
  options.tile_tokens = 1;
  Batcher batcher(data, options);
  for (const Tile& tile : batcher.make(0).tiles) EXPECT_EQ(tile.sequences.size(), 1);
}

// Users a and b with 6 training events each, at 100, 101, 103, ... and at 1000, 1001, ...
class TimedBatching : public Batching {
 protected:
  Dataset timed() {
    set_quiet(true);
    std::string log = "user,item,time\n";
    for (const int first : {100, 1000}) {
      for (int i = 0; i < 8; ++i) {
        log += std::string(first == 100 ? "a," : "b,") + std::to_string(i + 1) + "," +
               std::to_string(first + i * (i + 1) / 2) + "\n";
      }
    }
    return Dataset::open(test::prepare_timed(folder_, log, "timed"));
  }
  /// Times of every token and of the event behind it, which must be the target's where it is one.
  static void check(const Dataset& data, const Batch& batch, bool whole) {
    int64_t tokens = 0;
    for (const Tile& tile : batch.tiles) {
      ASSERT_EQ(std::ssize(tile.times), tile.tokens());
      ASSERT_EQ(std::ssize(tile.query_times), tile.tokens());
      tokens += tile.tokens();
      for (int64_t s = 0; s < tile.sequences.size(); ++s) {
        const auto user = static_cast<int64_t>(tile.streams[s] & 0xffffffff);
        const auto items = data.histories().row(user);
        const auto times = data.times().row(user);
        for (int64_t i = tile.sequences.offsets[s]; i < tile.sequences.offsets[s + 1]; ++i) {
          const auto at = std::ranges::find(items, tile.sequences.values[i]) - items.begin();
          EXPECT_EQ(tile.times[i], times[at]);
          if (i + 1 < tile.sequences.offsets[s + 1]) {
            EXPECT_EQ(tile.query_times[i], tile.times[i + 1]);
          }
          if (whole) {
            EXPECT_EQ(tile.query_times[i], times[at + 1]);
          }
          EXPECT_LE(tile.query_times[i], times[5]) << "held-out events are not asked for";
        }
      }
      for (int64_t q = 0; q < tile.targets.size(); ++q) {
        const int64_t row = tile.targets.rows[q];
        const auto s = std::ranges::upper_bound(tile.sequences.offsets, row) -
                       tile.sequences.offsets.begin() - 1;
        const auto user = static_cast<int64_t>(tile.streams[s] & 0xffffffff);
        const auto items = data.histories().row(user);
        const auto at = std::ranges::find(items, tile.targets.positives(q)[0]) - items.begin();
        EXPECT_EQ(tile.query_times[row], data.times().row(user)[at]);
      }
    }
    EXPECT_GT(tokens, 2);
  }
};

TEST_F(TimedBatching, EveryInputIsAskedForWhenItsTargetWas) {
  const Dataset data = timed();
  BatchOptions options;
  options.with_times = true;
  options.max_length = 3;
  check(data, Batcher(data, options).make(0), true);
  options.window = TrainingWindow::random;
  Batcher moving(data, options);
  moving.start_epoch(2);
  check(data, moving.make(0), true);
  options.window = TrainingWindow::newest;
  options.examples = Examples::prefixes;
  check(data, Batcher(data, options).make(0), true);
  options.examples = Examples::sequences;
  options.max_length = 10;
  options.event_share = 0.6;
  check(data, Batcher(data, options).make(0), false);
  options.with_times = false;
  EXPECT_TRUE(Batcher(data, options).make(0).tiles[0].times.empty());
}

TEST_F(TimedBatching, TimesThatAreNotThereAreAskedForInVain) {
  const Dataset data = dataset_of(line("a", {10, 11, 12, 13, 14}), folder_);
  BatchOptions options;
  options.with_times = true;
  try {
    Batcher batcher(data, options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("has no times"), std::string::npos);
  }
}

}  // namespace
}  // namespace truenext
