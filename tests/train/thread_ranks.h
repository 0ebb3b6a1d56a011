// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "train/ranks/ranks.h"

namespace truenext::test {

/// Where the messages between ranks that are threads of one process wait.
struct Post {
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::pair<int, int>, std::deque<Bytes>> letters;  ///< by sender and receiver
  size_t bytes = 0;                                          ///< sent between ranks so far
};

/// A process of a job, played by a thread.
class ThreadRanks final : public Ranks {
 public:
  ThreadRanks(Post& post, int rank, int size) : post_(post), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void send(int to, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(post_.mutex);
    post_.letters[{rank_, to}].emplace_back(bytes.begin(), bytes.end());
    if (to != rank_) post_.bytes += bytes.size();
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
  std::vector<Bytes> exchange(std::vector<Bytes> out) override {
    for (int to = 0; to < size_; ++to) send(to, out[to]);
    for (int from = 0; from < size_; ++from) out[from] = receive(from);
    return out;
  }
  void broadcast(Bytes& bytes) override {
    if (rank_ > 0) {
      bytes = receive(0);
      return;
    }
    for (int to = 1; to < size_; ++to) send(to, bytes);
  }
  bool any(bool mine) override {
    bool found = false;
    for (const Bytes& bytes :
         exchange(std::vector<Bytes>(static_cast<size_t>(size_), Bytes(mine ? 1 : 0)))) {
      found = found || !bytes.empty();
    }
    return found;
  }
  void finish() override {}

 private:
  Post& post_;
  int rank_;
  int size_;
};

/// body(ranks) of each of `size` ranks at once; returns the bytes that they sent each other. A rank
/// that throws ends the test program, as it would end the job: the others wait for it.
inline size_t with_ranks(int size, const std::function<void(Ranks&)>& body) {
  Post post;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadRanks mine(post, rank, size);
      try {
        body(mine);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "rank " << rank << " of " << size << ": " << error.what();
        std::abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return post.bytes;
}

}  // namespace truenext::test
