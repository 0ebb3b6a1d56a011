// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/sanitizers.h"
#include "support/test_files.h"

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

TEST(WorkerPool, RefusesMoreThreadsThanMakeSense) {
  const test::Caught error = test::caught([] { const WorkerPool pool(kMaxThreads + 1); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("1025 threads: want at most 1024")) << error.message;
}

/// In a process of its own, whose memory has no room for the stacks of so many threads.
int pool_without_room() {
  const rlimit memory{rlim_t{1} << 30, rlim_t{1} << 30};
  setrlimit(RLIMIT_AS, &memory);
  alarm(20);  // waiting for ever is what must not happen
  const test::Caught error = test::caught([] { const WorkerPool pool(kMaxThreads); });
  const bool named = error.says(" of 1024 cannot be started: ") && error.says("--threads");
  return named ? static_cast<int>(error.code) : 99;
}

TEST(WorkerPool, ThatCannotStartAThreadSaysSoAndLeavesNoneWaiting) {
  if (test::kSanitized) GTEST_SKIP() << "a sanitizer reserves more address space than the limit";
  const pid_t child = fork();
  if (child == 0) _exit(pool_without_room());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ExitCode::data));
}

}  // namespace
}  // namespace truenext
