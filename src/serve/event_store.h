// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace truenext::serve {

/// An event as it is kept. Ids are bytes: they outlive models.
struct StoredEvent {
  std::string user, item, kind;
  int64_t time = 0;  ///< milliseconds since 1970
  std::string id;    ///< makes it idempotent within its user; may be empty
};

struct AppendResult {
  int64_t accepted = 0, duplicates = 0;
};

struct EventPage {
  std::vector<StoredEvent> events;
  int64_t last = 0;
};

/// Takes a result or, instead, an exception (ProblemError for what a caller can be told).
template <typename T>
using Done = std::function<void(T, std::exception_ptr)>;

/// Events of users. Thread-safe; answers come on the store's thread. A store is one place that one
/// process has for itself.
class EventStore {
 public:
  virtual ~EventStore() = default;
  /// All or nothing; answered after they are on disk. `key` (may be empty) and `body_hash` make
  /// the whole call idempotent for a day.
  virtual void append(std::vector<StoredEvent> events, std::string key, std::string body_hash,
                      Done<AppendResult> done) = 0;
  /// The newest `limit` events of a user, newest first; none of a user who is not known.
  virtual void newest(std::string user, int64_t limit, Done<std::vector<StoredEvent>> done) = 0;
  virtual void forget(std::string user, Done<bool> done) = 0;
  /// All events of the next `users` users behind the number `after` (0 = the first), for exports
  /// in pieces, with the number of the last; 0 where there are no more.
  virtual void page(int64_t after, int64_t users, Done<EventPage> done) = 0;
  virtual bool healthy() const = 0;
};

class Metrics;
/// The store in a file of SQLite, made when there is none. Data Error when another process has it,
/// when it is none of ours, damaged or of a newer version.
std::unique_ptr<EventStore> open_sqlite_store(const std::string& path, int64_t keep_events,
                                              Metrics& metrics);

}  // namespace truenext::serve
