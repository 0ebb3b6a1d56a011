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

struct Request {
  std::string verb, options;
  ArrowArrayStream* table = nullptr;

  std::string run() const { return cli::run_request(verb, options, table); }
};

/// The work has a thread of its own, so that the caller hears of it, and may stop it, however long
/// a step takes.
std::string run_with_progress(const Request& request, const truenext_progress& progress) {
  check_size(progress.size, sizeof(truenext_progress), "progress");
  check_usage(progress.call != nullptr, "progress: call may not be NULL");
  CalledWork work(progress);
  std::string result;
  std::exception_ptr failure;
  std::thread thread([&] {
    const WorkScope scope(&work);
    try {
      result = request.run();
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

std::string run(const Request& request, const truenext_progress* progress) {
  return progress != nullptr ? run_with_progress(request, *progress) : request.run();
}

/// A stream of the caller's that is to be released, whatever happens.
class TakenStream {
 public:
  explicit TakenStream(ArrowArrayStream* stream) : stream_(stream) {}
  TakenStream(const TakenStream&) = delete;
  TakenStream& operator=(const TakenStream&) = delete;
  ~TakenStream() {
    if (stream_ != nullptr && stream_->release != nullptr) stream_->release(stream_);
  }

 private:
  ArrowArrayStream* stream_;
};

}  // namespace

int truenext_run(const char* verb, const char* request_json, const truenext_progress* progress,
                 char** result_json) {
  return guarded([&] {
    check_given(verb, "verb");
    check_given(request_json, "request_json");
    check_given(result_json, "result_json");
    *result_json = copy_text(run({verb, request_json}, progress));
  });
}

int truenext_prepare_stream(struct ArrowArrayStream* source, const char* request_json,
                            const truenext_progress* progress, char** result_json) {
  return guarded([&] {
    const TakenStream taken(source);
    check_given(source, "source");
    check_given(request_json, "request_json");
    check_given(result_json, "result_json");
    *result_json = copy_text(run({"prepare", request_json, source}, progress));
  });
}
