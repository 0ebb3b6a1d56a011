// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/log.h"

namespace truenext {

/// Work that another program has asked for inside its own process (the C interface): it hears what
/// the command would write to stderr and may stop it. The command itself has none. Its members are
/// called by any thread that does the work, several at once.
class Work {
 public:
  virtual ~Work() = default;
  /// Whether it is to stop: interrupted() says so.
  virtual bool stopped() const = 0;
  virtual void message(LogLevel level, std::string_view text) = 0;
  /// The line that is drawn over itself (base/status_line.h).
  virtual void status(std::string_view line) = 0;
  /// Something that programs want to know by its numbers: a JSON object with a text "kind".
  virtual void event(std::string_view json) = 0;
};

/// What this thread works for, null for the command. Threads of a WorkerPool work for whoever runs
/// them.
Work* current_work();

/// This thread works for `work` as long as the scope lives.
class WorkScope {
 public:
  explicit WorkScope(Work* work);
  ~WorkScope();
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

 private:
  Work* before_;
};

}  // namespace truenext
