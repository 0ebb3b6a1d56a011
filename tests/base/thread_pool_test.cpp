// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace truenext {
namespace {

TEST(WorkerPool, RunsEveryTaskOnceForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    WorkerPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int64_t tasks : {0, 1, 3, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
      std::atomic<bool> worker_in_range{true};
      pool.run(tasks, [&](int64_t task, int worker) {
        ++runs[task];
        if (worker < 0 || worker >= threads) worker_in_range = false;
      });
      for (const auto& count : runs) ASSERT_EQ(count, 1);
      EXPECT_TRUE(worker_in_range);
    }
  }
}

TEST(WorkerPool, RethrowsTheLowestFailureAndGoesOnWorking) {
  WorkerPool pool(4);
  for (int round = 0; round < 20; ++round) {
    std::string message;
    try {
      pool.run(100, [](int64_t task, int) {
        if (task >= 10) throw std::runtime_error(std::to_string(task));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    EXPECT_EQ(message, "10");
  }
  std::atomic<int> done{0};
  pool.run(50, [&](int64_t, int) { ++done; });
  EXPECT_EQ(done, 50);
}

TEST(WorkerPool, ZeroThreadsMeansTheCaller) {
  WorkerPool pool(0);
  EXPECT_EQ(pool.threads(), 1);
  EXPECT_GE(available_threads(), 1);
}

}  // namespace
}  // namespace truenext
