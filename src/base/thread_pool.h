// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace truenext {

/// Beyond it a number of threads is a slip of the finger.
constexpr int kMaxThreads = 1024;

/// The one way to go parallel. `threads` workers, of which the caller is worker 0. Tasks are handed
/// out in ascending order to whoever is free; results must not depend on who runs what, which the
/// callers ensure by writing per task and reducing in a fixed order. Never nested.
class WorkerPool {
 public:
  /// Usage Error above kMaxThreads; data Error with the system's reason when a thread cannot be
  /// started.
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Runs body(task, worker) for task in 0..tasks-1 and returns when all are done. When tasks
  /// throw, the exception of the lowest failing task is rethrown; tasks not yet begun are skipped.
  void run(int64_t tasks, const std::function<void(int64_t task, int worker)>& body);

 private:
  void work(int worker);
  void serve(int worker);
  void stop();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  uint64_t round_ = 0;
  bool stop_ = false;
  int busy_ = 0;

  const std::function<void(int64_t, int)>* body_ = nullptr;
  int64_t tasks_ = 0;
  int64_t next_ = 0;
  int64_t failed_task_ = 0;
  std::exception_ptr failure_;
};

/// Hardware threads this process may use (affinity mask respected), 1 to kMaxThreads.
int available_threads();

}  // namespace truenext
