// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace truenext::serve {

/// Sends many jobs of one call, `most` of them under way at a time, so that the call cannot starve
/// others. `send(i)` leads to exactly one done(), at once or later, on any thread; after the last
/// `finish` is called, once.
class FanOut : public std::enable_shared_from_this<FanOut> {
 public:
  FanOut(size_t count, size_t most, std::function<void(size_t)> send, std::function<void()> finish)
      : count_(count), most_(most), send_(std::move(send)), finish_(std::move(finish)) {}

  void start() { pump(); }
  void done() {
    {
      const std::lock_guard lock(mutex_);
      --open_;
      ++finished_;
    }
    pump();
  }

 private:
  /// Called again by every done(), also by those below send(): then whoever sends goes on.
  void pump() {
    const auto self = shared_from_this();
    std::unique_lock lock(mutex_);
    if (sending_) return;
    sending_ = true;
    while (next_ < count_ && open_ < most_) {
      const size_t number = next_++;
      ++open_;
      lock.unlock();
      send_(number);
      lock.lock();
    }
    sending_ = false;
    if (finished_ < count_ || ended_) return;
    ended_ = true;
    lock.unlock();
    finish_();
    send_ = nullptr;  // what it holds may hold this
    finish_ = nullptr;
  }

  size_t count_, most_;
  std::function<void(size_t)> send_;
  std::function<void()> finish_;
  std::mutex mutex_;
  size_t next_ = 0, open_ = 0, finished_ = 0;
  bool sending_ = false, ended_ = false;
};

}  // namespace truenext::serve
