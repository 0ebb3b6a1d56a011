// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/work.h"

namespace truenext {

WorkerPool::WorkerPool(int threads) {
  check_usage(threads <= kMaxThreads,
              "{} threads: want at most {}; this process may use {} processors", threads,
              kMaxThreads, available_threads());
  workers_.reserve(static_cast<size_t>(std::max(threads, 1)));
  for (int worker = 1; worker < threads; ++worker) {
    try {
      workers_.emplace_back([this, worker] { serve(worker); });
    } catch (const std::system_error& error) {
      stop();  // those that were started would wait for ever
      fail_data(
          "thread {} of {} cannot be started: {}; ask for fewer with --threads, or raise the limit "
          "of processes (ulimit -u) or memory",
          worker + 1, threads, error.code().message());
    }
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void WorkerPool::run(int64_t tasks, const std::function<void(int64_t, int)>& body) {
  Work* const work = current_work();
  const std::function<void(int64_t, int)> scoped = [&body, work](int64_t task, int worker) {
    const WorkScope scope(work);
    body(task, worker);
  };
  {
    const std::lock_guard lock(mutex_);
    body_ = work != nullptr ? &scoped : &body;
    tasks_ = tasks;
    next_ = 0;
    failure_ = nullptr;
    busy_ = static_cast<int>(workers_.size());
    ++round_;
  }
  wake_.notify_all();
  this->work(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void WorkerPool::work(int worker) {
  for (;;) {
    int64_t task = 0;
    {
      const std::lock_guard lock(mutex_);
      if (next_ >= tasks_) return;
      task = next_++;
    }
    try {
      (*body_)(task, worker);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_ || task < failed_task_) {
        failure_ = std::current_exception();
        failed_task_ = task;
      }
      next_ = tasks_;
    }
  }
}

void WorkerPool::serve(int worker) {
  uint64_t seen = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || round_ != seen; });
      if (stop_) return;
      seen = round_;
    }
    work(worker);
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      last = --busy_ == 0;
    }
    if (last) done_.notify_one();
  }
}

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return std::clamp(CPU_COUNT(&set), 1, kMaxThreads);
  }
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
}

}  // namespace truenext
