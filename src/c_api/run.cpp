// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/json_text.h"
#include "base/work.h"
#include "c_api/guard.h"
#include "cli/program.h"

using namespace truenext;
using namespace truenext::c_api;

namespace {

/// Hands what is told by the threads that work to the thread that called, one event at a time, and
/// lets them wait until it was taken.
class CalledWork : public Work {
 public:
  explicit CalledWork(const truenext_progress& progress) : progress_(progress) {}

  bool stopped() const override { return stopped_; }
  void message(LogLevel level, std::string_view text) override {
    constexpr const char* kNames[] = {"info", "warning", "error"};
    event(fmt::format(R"({{"kind":"message","level":"{}","text":{}}})",
                      kNames[static_cast<size_t>(level)], json_text(text)));
  }
  void status(std::string_view line) override {
    event(fmt::format(R"({{"kind":"status","text":{}}})", json_text(line)));
  }
  void event(std::string_view json) override {
    const std::lock_guard one_at_a_time(turn_);
    std::unique_lock lock(mutex_);
    event_ = json;
    pending_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !pending_; });
  }

  /// By the working thread: nothing more comes.
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  /// By the calling thread: calls back until the end.
  void serve() {
    constexpr std::chrono::milliseconds kTick(50);
    std::unique_lock lock(mutex_);
    while (!ended_) {
      changed_.wait_for(lock, kTick, [this] { return pending_ || ended_; });
      if (ended_) return;
      const std::string json = pending_ ? event_ : R"({"kind":"tick"})";
      const bool was_pending = pending_;
      lock.unlock();
      if (progress_.call(progress_.context, json.c_str()) != 0) stopped_ = true;
      lock.lock();
      if (!was_pending) continue;
      pending_ = false;
      changed_.notify_all();
    }
  }

 private:
  const truenext_progress progress_;
  std::atomic<bool> stopped_{false};
  std::mutex turn_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string event_;
  bool pending_ = false;
  bool ended_ = false;
};

/// The work has a thread of its own, so that the caller hears of it, and may stop it, however long
/// a step takes.
std::string run_with_progress(const std::string& verb, const std::string& request,
                              const truenext_progress& progress) {
  check_size(progress.size, sizeof(truenext_progress), "progress");
  check_usage(progress.call != nullptr, "progress: call may not be NULL");
  CalledWork work(progress);
  std::string result;
  std::exception_ptr failure;
  std::thread thread([&] {
    const WorkScope scope(&work);
    try {
      result = cli::run_request(verb, request);
    } catch (...) {
      failure = std::current_exception();
    }
    work.end();
  });
  work.serve();
  thread.join();
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace

int truenext_run(const char* verb, const char* request_json, const truenext_progress* progress,
                 char** result_json) {
  return guarded([&] {
    check_given(verb, "verb");
    check_given(request_json, "request_json");
    check_given(result_json, "result_json");
    const std::string result = progress != nullptr
                                   ? run_with_progress(verb, request_json, *progress)
                                   : cli::run_request(verb, request_json);
    *result_json = copy_text(result);
  });
}
