// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "eval/item_set.h"
#include "serve/metrics.h"
#include "serve/served_model.h"

namespace truenext::serve {

using Clock = std::chrono::steady_clock;

/// What came of a job.
struct JobResult {
  std::vector<ScoredItem> list;
  double log_normaliser = 0;
  double queue_seconds = 0;
  std::exception_ptr error{};  ///< a ProblemError when the job was dropped
};

/// A list for one history, or other work, for a compute thread.
struct Job {
  ServingPtr serving;
  std::vector<int32_t> history{};
  int64_t k = 10;
  bool exclude_seen = true, probabilities = false;
  bool low = false;  ///< a shadow's: waits for others and goes first when it gets tight
  std::shared_ptr<const ItemSet> eligible{};
  const Scorer* scorer =
      nullptr;  ///< of `serving`; null = its cosines, whose table may be made yet
  Clock::time_point deadline = Clock::time_point::max(), queued{};
  std::function<void()> work{};           ///< instead of a list; throws nothing
  std::function<void(JobResult)> done{};  ///< on a compute thread; throws nothing
};

/// A bounded queue and the threads that answer it. A thread that becomes free takes what waits, up
/// to a batch of one kind, and answers it as one block: alone at low load, together at high load,
/// with the same bits (decision 0029).
class JobQueue {
 public:
  JobQueue(int threads, size_t capacity, size_t max_batch, Metrics& metrics);
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /// Answers what waits, or drops it, and waits for the threads, which may still push.
  void end(bool drop_waiting = false);

  /// False when the queue is full, of shadows when it is a quarter full, and when what waits would
  /// take longer than the job has time; the job is then untouched.
  bool push(Job& job);
  size_t length() const;
  size_t capacity() const { return capacity_; }

 private:
  void serve();
  std::vector<Job> take(std::unique_lock<std::mutex>& lock);
  bool has_time(const Job& job, size_t ahead) const;
  void note_time(size_t jobs, double seconds);
  void answer_batch(std::vector<Job>& jobs, WorkerPool& pool);
  void run(std::vector<Job>& jobs, WorkerPool& pool);

  size_t capacity_, max_batch_;
  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_, low_;
  bool stop_ = false;
  double job_seconds_ = 0;  ///< of a thread, for each job of a block: a moving mean
  size_t num_threads_;
  std::vector<std::thread> threads_;
};

}  // namespace truenext::serve
