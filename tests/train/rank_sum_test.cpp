// SPDX-License-Identifier: Apache-2.0
// Several processes add along the tree of one process. Here the ranks are threads.
#include "train/rank_sum.h"

#include <gtest/gtest.h>

#include <bit>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "train/tree_reducer.h"

namespace upnext {
namespace {

struct Post {
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::pair<int, int>, std::deque<Bytes>> letters;  ///< by sender and receiver
};

class ThreadRanks final : public Ranks {
 public:
  ThreadRanks(Post& post, int rank, int size) : post_(post), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void send(int to, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(post_.mutex);
    post_.letters[{rank_, to}].emplace_back(bytes.begin(), bytes.end());
    post_.arrived.notify_all();
  }
  Bytes receive(int from) override {
    std::unique_lock lock(post_.mutex);
    std::deque<Bytes>& box = post_.letters[{from, rank_}];
    post_.arrived.wait(lock, [&] { return !box.empty(); });
    Bytes bytes = std::move(box.front());
    box.pop_front();
    return bytes;
  }
  void broadcast(Bytes& bytes) override {
    if (rank_ > 0) {
      bytes = receive(0);
      return;
    }
    for (int to = 1; to < size_; ++to) send(to, bytes);
  }
  bool any(bool mine) override { return mine; }
  void finish() override {}

 private:
  Post& post_;
  int rank_;
  int size_;
};

/// Adding writes the tree down: "(01)" is tile 0 plus tile 1.
struct TreeWire {
  static Bytes pack(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  static std::string unpack(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static void add(std::string& left, std::string&& right) { left = "(" + left + " " + right + ")"; }
};

std::optional<std::string> tree_of(TileRange tiles) {
  if (tiles.size() == 0) return std::nullopt;
  TreeReducer<std::string> reducer(tiles.size(), TreeWire::add);
  for (int64_t i = 0; i < tiles.size(); ++i) reducer.deliver(i, std::to_string(tiles.begin + i));
  return reducer.take();
}

TEST(RankSum, AddsAlongTheTreeOfOneProcessOnEveryRank) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t tiles = 1; tiles <= 40; ++tiles) {
      Post post;
      std::vector<std::string> totals(static_cast<size_t>(ranks));
      std::vector<std::thread> threads;
      for (int rank = 0; rank < ranks; ++rank) {
        threads.emplace_back([&, rank] {
          ThreadRanks mine(post, rank, ranks);
          totals[rank] = sum_over_ranks<TreeWire>(mine, tree_of(tiles_of(rank, ranks, tiles)));
        });
      }
      for (std::thread& thread : threads) thread.join();
      for (const std::string& total : totals) {
        ASSERT_EQ(total, *tree_of({0, tiles})) << ranks << " ranks, " << tiles << " tiles";
      }
    }
  }
}

TEST(RankSum, RangesAreAlignedPowersOfTwoThatCoverEveryTileOnce) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t tiles = 1; tiles <= 100; ++tiles) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const TileRange range = tiles_of(rank, ranks, tiles);
        EXPECT_EQ(range.begin, next);
        next = range.end;
        if (next < tiles) {
          EXPECT_TRUE(std::has_single_bit(static_cast<uint64_t>(range.size())));
          EXPECT_EQ(range.begin % range.size(), 0);
        }
      }
      EXPECT_EQ(next, tiles);
    }
  }
}

}  // namespace
}  // namespace upnext
