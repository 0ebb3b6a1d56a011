// SPDX-License-Identifier: Apache-2.0
#include "cli/list_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/resources.h"
#include "base/status_line.h"

namespace truenext::cli {
namespace {

/// A chunk keeps all workers busy with many blocks of queries; its lists and its text are some ten
/// megabytes each.
constexpr int64_t kMostLists = 8192;
constexpr int64_t kFewestLists = 64;
constexpr int64_t kRowsAtOnce = int64_t{1} << 20;
/// Lists whose text one worker makes at a time.
constexpr int64_t kListsPerTask = 64;

class Chunk {
 public:
  Chunk(const ListJob& job, const ListRows& rows) : job_(job), rows_(rows) {}

  void run(int64_t begin, int64_t end, ListSink& sink, WorkerPool& pool) {
    collect(begin, end);
    answers_ = answer(job_.scorer, histories_, job_.options, pool, {times_, asked_});
    const int64_t lists = histories_.size();
    texts_.resize(static_cast<size_t>((lists + kListsPerTask - 1) / kListsPerTask));
    pool.run(std::ssize(texts_), [&](int64_t task, int) {
      std::string& text = texts_[static_cast<size_t>(task)];
      text.clear();
      const int64_t last = std::min(lists, (task + 1) * kListsPerTask);
      for (int64_t row = task * kListsPerTask; row < last; ++row) append(row, &text);
    });
    for (const std::string& text : texts_) sink.write(text);
    for (int64_t row = 0; row < lists; ++row) {
      counts_.rows += answers_.lists.row_size(row);
      counts_.empty += answers_.lists.row_size(row) == 0;
    }
    counts_.lists += lists;
  }

  const ListCounts& counts() const { return counts_; }

 private:
  void collect(int64_t begin, int64_t end) {
    histories_.clear();
    numbers_.clear();
    times_.clear();
    asked_.clear();
    for (int64_t list = begin; list < end; ++list) {
      history_.clear();
      job_.history(list, &history_);
      if (history_.empty()) {
        ++counts_.without_history;
        continue;
      }
      histories_.add_row(history_);
      numbers_.push_back(list);
      if (job_.times) job_.times(list, &times_);
      if (job_.asked) asked_.push_back(*job_.asked);
    }
  }

  void append(int64_t row, std::string* text) const {
    const Calibration* calibration = job_.options.calibration;
    const std::string key = rows_.key(job_.key(numbers_[static_cast<size_t>(row)]));
    int64_t rank = 0;
    for (const ScoredItem& entry : answers_.lists.row(row)) {
      ListRow line{++rank, job_.item(entry.item), job_.title(entry.item), entry.score, {}};
      if (calibration != nullptr) {
        line.probability = calibration->probability(
            static_cast<double>(entry.score), answers_.log_normalisers[static_cast<size_t>(row)]);
      }
      rows_.append(key, line, text);
    }
  }

  const ListJob& job_;
  const ListRows& rows_;
  ListCounts counts_;
  std::vector<int32_t> history_;
  Jagged<int32_t> histories_;
  std::vector<int64_t> times_, asked_;
  std::vector<int64_t> numbers_;  ///< of the lists, a row of histories_ each
  Answers answers_;
  std::vector<std::string> texts_;
};

void show(const ListJob& job, int64_t done, double seconds) {
  if (!job.show_progress || !status_is_due()) return;
  const double rate = static_cast<double>(done) / std::max(seconds, 1e-9);
  show_status(fmt::format("{} of {} {}, {:.0f}/s, {:.0f} s left", done, job.count, job.noun, rate,
                          static_cast<double>(job.count - done) / std::max(rate, 1e-9)));
}

}  // namespace

ListCounts write_lists(const ListJob& job, const ListRows& rows, ListSink& sink, WorkerPool& pool) {
  const int64_t at_once =
      std::clamp(kRowsAtOnce / std::max<int64_t>(1, job.options.k), kFewestLists, kMostLists);
  const double begun = wall_seconds();
  sink.write(rows.header());
  Chunk chunk(job, rows);
  for (int64_t begin = 0; begin < job.count; begin += at_once) {
    const int64_t end = std::min(job.count, begin + at_once);
    chunk.run(begin, end, sink, pool);
    show(job, end, wall_seconds() - begun);
  }
  if (job.show_progress) clear_status();
  return chunk.counts();
}

}  // namespace truenext::cli
