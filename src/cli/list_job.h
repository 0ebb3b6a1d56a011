// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "cli/list_rows.h"
#include "eval/answers.h"

namespace truenext::cli {

/// The lists of everybody: what is asked, and how a list is named. Called by several threads.
struct ListJob {
  int64_t count = 0;  ///< lists
  const Scorer& scorer;
  AnswerOptions options;
  /// Puts the history behind a list, in the scorer's items, into an empty vector; one that is left
  /// empty gets no list.
  std::function<void(int64_t list, std::vector<int32_t>* history)> history{};
  /// Appends the times of these items, for models that are told some, and when all are asked.
  std::function<void(int64_t list, std::vector<int64_t>* times)> times{};
  std::optional<int64_t> asked{};
  std::function<std::string_view(int64_t list)> key{};
  std::function<std::string_view(int32_t item)> item{}, title{};
  std::string noun = "users";  ///< of the progress line
  bool show_progress = false;
};

struct ListCounts {
  int64_t lists = 0, rows = 0;
  int64_t without_history = 0;  ///< no list for them
  int64_t empty = 0;            ///< nothing was left that could be answered
};

/// Makes and writes all lists in their order, whatever the number of threads. Memory is bounded: a
/// few thousand lists at a time. Interrupted: Error with ExitCode::interrupted.
ListCounts write_lists(const ListJob& job, const ListRows& rows, ListSink& sink, WorkerPool& pool);

}  // namespace truenext::cli
