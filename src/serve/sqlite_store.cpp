// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "base/resources.h"
#include "serve/event_store.h"
#include "serve/metrics.h"
#include "serve/problem.h"
#include "serve/sqlite_database.h"

namespace truenext::serve {
namespace {

constexpr int64_t kReplySeconds = 24 * 3600;
constexpr int64_t kTrimEvery = 16;  // events of a user beyond the limit that may wait
constexpr auto kProbeEvery = std::chrono::seconds(1);  // while events cannot be stored
constexpr size_t kMostAppends = 256;                   // of one transaction

struct Append {
  std::vector<StoredEvent> events;
  std::string key, hash;
  Done<AppendResult> done;
  AppendResult result{};
  std::exception_ptr error{};
};

/// Everything happens on one thread with one connection. Appends that wait together are one
/// transaction and so one wait for the disk.
class SqliteStore final : public EventStore {
 public:
  SqliteStore(const std::string& path, int64_t keep, Metrics& metrics)
      : database_(path, Database::Use::serve), keep_(keep), metrics_(metrics) {
    Statement last = database_.prepare("SELECT max(seq) FROM events");
    if (last.step()) seq_ = last.number(0);
    thread_ = std::thread([this] { work(); });
  }
  ~SqliteStore() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void append(std::vector<StoredEvent> events, std::string key, std::string body_hash,
              Done<AppendResult> done) override {
    {
      const std::lock_guard lock(mutex_);
      appends_.push_back(
          {std::move(events), std::move(key), std::move(body_hash), std::move(done)});
    }
    wake_.notify_one();
  }
  void newest(std::string user, int64_t limit, Done<std::vector<StoredEvent>> done) override {
    post([this, user = std::move(user), limit, done = std::move(done)] {
      answer<std::vector<StoredEvent>>("read", done, [&] { return read_newest(user, limit); });
    });
  }
  void forget(std::string user, Done<bool> done) override {
    post([this, user = std::move(user), done = std::move(done)] {
      answer<bool>("forget", done, [&] { return remove(user); });
    });
  }
  void page(int64_t after, int64_t users, Done<EventPage> done) override {
    post([this, after, users, done = std::move(done)] {
      answer<EventPage>("page", done, [&] { return read_page(after, users); });
    });
  }
  bool healthy() const override { return healthy_; }

 private:
  void post(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

  void work() {
    while (true) {
      std::vector<Append> appends;
      std::deque<std::function<void()>> tasks;
      {
        std::unique_lock lock(mutex_);
        const auto due = [this] { return stop_ || !appends_.empty() || !tasks_.empty(); };
        if (healthy_) {
          wake_.wait(lock, due);
        } else {
          wake_.wait_for(lock, kProbeEvery, due);
        }
        if (stop_ && appends_.empty() && tasks_.empty()) return;
        const auto end =
            appends_.begin() + static_cast<std::ptrdiff_t>(std::min(kMostAppends, appends_.size()));
        appends.assign(std::make_move_iterator(appends_.begin()), std::make_move_iterator(end));
        appends_.erase(appends_.begin(), end);
        tasks.swap(tasks_);
      }
      if (!appends.empty()) store(appends);
      for (auto& task : tasks) task();
      if (appends.empty() && tasks.empty()) probe();
    }
  }

  /// Whether events could be stored again: who waits for that may send none.
  void probe() {
    try {
      database_.run("BEGIN IMMEDIATE");
      database_.run("INSERT OR REPLACE INTO replies VALUES(x'', x'', 0, 0, 0)");
      database_.run("COMMIT");
      healthy_ = true;
    } catch (...) {
      roll_back();
    }
  }

  template <typename T, typename Work>
  void answer(const char* operation, const Done<T>& done, const Work& run) {
    const double begin = wall_seconds();
    T result{};
    std::exception_ptr error;
    try {
      result = run();
      healthy_ = true;
    } catch (...) {
      error = std::current_exception();
      healthy_ = false;
      metrics_.store_error();
      roll_back();
    }
    metrics_.store_seconds(operation, wall_seconds() - begin);
    done(std::move(result), error);
  }

  void roll_back() noexcept {
    try {
      database_.run("ROLLBACK");
    } catch (...) {  // there was nothing to take back
    }
    known_kinds_.clear();
  }

  void store(std::vector<Append>& appends) {
    const double begin = wall_seconds();
    std::exception_ptr failure;
    try {
      database_.run("BEGIN IMMEDIATE");
      for (Append& append : appends) store_one(append);
      database_.run("COMMIT");
      healthy_ = true;
    } catch (...) {
      failure = std::current_exception();
      healthy_ = false;
      metrics_.store_error();
      roll_back();
    }
    metrics_.store_seconds("append", wall_seconds() - begin);
    for (Append& append : appends) {
      if (failure) append.error = failure;
      if (!append.error) metrics_.store_events(append.result.accepted, append.result.duplicates);
      append.done(append.result, append.error);
    }
  }

  /// A conflict is this append's alone and nothing of it was written then.
  void store_one(Append& append) {
    if (!append.key.empty()) {
      Statement known = database_.prepare(
          "SELECT hash, accepted, duplicates FROM replies WHERE key = ? AND expires > ?");
      if (known.bind(append.key).bind(std::time(nullptr)).step()) {
        if (known.bytes(0) == append.hash) {
          append.result = {known.number(1), known.number(2)};
        } else {
          append.error = std::make_exception_ptr(ProblemError(
              {"idempotency-conflict", "the Idempotency-Key came with another body before", {}}));
        }
        return;
      }
    }
    for (const StoredEvent& event : append.events) {
      (insert(event) ? append.result.accepted : append.result.duplicates) += 1;
    }
    if (append.key.empty()) return;
    const int64_t now = std::time(nullptr);
    database_.prepare("DELETE FROM replies WHERE expires <= ?").bind(now).step();
    database_.prepare("INSERT OR REPLACE INTO replies VALUES(?, ?, ?, ?, ?)")
        .bind(append.key)
        .bind(append.hash)
        .bind(append.result.accepted)
        .bind(append.result.duplicates)
        .bind(now + kReplySeconds)
        .step();
  }

  int64_t user_number(const std::string& name, bool make) {
    {
      Statement found = database_.prepare("SELECT id FROM users WHERE name = ?");
      if (found.bind(name).step()) return found.number(0);
    }
    if (!make) return 0;
    database_.prepare("INSERT INTO users(name) VALUES(?)").bind(name).step();
    return database_.last_row();
  }

  int64_t kind_number(const std::string& name) {
    int64_t& number = known_kinds_[name];
    if (number != 0) return number;
    database_.prepare("INSERT OR IGNORE INTO kinds(name) VALUES(CAST(? AS TEXT))")
        .bind(name)
        .step();
    Statement found = database_.prepare("SELECT id FROM kinds WHERE name = CAST(? AS TEXT)");
    found.bind(name).step();
    return number = found.number(0);
  }

  bool insert(const StoredEvent& event) {
    const int64_t user = user_number(event.user, true);
    const int64_t kind = kind_number(event.kind);
    {
      Statement row = database_.prepare("INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?, ?)");
      row.bind(user).bind(event.time).bind(++seq_).bind(event.item).bind(kind);
      (event.id.empty() ? row.bind_null() : row.bind(event.id)).step();
    }
    const bool stored = database_.changes() > 0;
    // Not every so many events: a client that sends its users in turn would hit the same ones.
    if (stored && text_hash(std::to_string(seq_)) % kTrimEvery == 0) trim(user);
    return stored;
  }

  void trim(int64_t user) {
    database_
        .prepare(
            "DELETE FROM events WHERE user = ?1 AND (time, seq) <= (SELECT time, seq FROM "
            "events WHERE user = ?1 ORDER BY time DESC, seq DESC LIMIT 1 OFFSET ?2)")
        .bind(user)
        .bind(keep_)
        .step();
  }

  std::vector<StoredEvent> read_newest(const std::string& user, int64_t limit) {
    std::vector<StoredEvent> events;
    Statement rows = database_.prepare(
        "SELECT item, time, name, event_id FROM events JOIN kinds ON kinds.id = kind WHERE user = "
        "(SELECT id FROM users WHERE users.name = ?) ORDER BY time DESC, seq DESC LIMIT ?");
    rows.bind(user).bind(std::min(limit, keep_));
    while (rows.step()) {
      events.push_back({user, rows.bytes(0), rows.bytes(2), rows.number(1), rows.bytes(3)});
    }
    return events;
  }

  bool remove(const std::string& name) {
    database_.run("BEGIN IMMEDIATE");
    const int64_t user = user_number(name, false);
    database_.prepare("DELETE FROM events WHERE user = ?").bind(user).step();
    database_.prepare("DELETE FROM users WHERE id = ?").bind(user).step();
    database_.run("COMMIT");
    database_.run("PRAGMA wal_checkpoint(TRUNCATE)");  // old pages hold what was removed
    return user != 0;
  }

  EventPage read_page(int64_t after, int64_t users) {
    EventPage page;
    Statement last = database_.prepare(
        "SELECT max(id) FROM (SELECT id FROM users WHERE id > ? ORDER BY id LIMIT ?)");
    if (!last.bind(after).bind(users).step() || last.is_null(0)) return page;
    page.last = last.number(0);
    Statement rows = database_.prepare(
        "SELECT users.name, item, time, kinds.name, event_id FROM events JOIN users ON users.id = "
        "user JOIN kinds ON kinds.id = kind WHERE user > ? AND user <= ? ORDER BY user, time, seq");
    rows.bind(after).bind(page.last);
    while (rows.step()) {
      page.events.push_back(
          {rows.bytes(0), rows.bytes(1), rows.bytes(3), rows.number(2), rows.bytes(4)});
    }
    return page;
  }

  Database database_;
  int64_t keep_, seq_ = 0;
  Metrics& metrics_;
  std::unordered_map<std::string, int64_t> known_kinds_;
  std::atomic<bool> healthy_{true};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Append> appends_;
  std::deque<std::function<void()>> tasks_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<EventStore> open_sqlite_store(const std::string& path, int64_t keep_events,
                                              Metrics& metrics) {
  return std::make_unique<SqliteStore>(path, keep_events, metrics);
}

}  // namespace truenext::serve
