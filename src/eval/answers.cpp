// SPDX-License-Identifier: Apache-2.0
#include "eval/answers.h"

#include "eval/candidate_rows.h"

namespace truenext {

Answers answer(const Scorer& scorer, JaggedView<int32_t> histories, const AnswerOptions& options,
               WorkerPool& pool, const HistoryTimes& times) {
  Queries queries;
  queries.event_times.assign(times.events.begin(), times.events.end());
  queries.request_times.assign(times.requests.begin(), times.requests.end());
  for (int64_t row = 0; row < histories.size(); ++row)
    queries.histories.add_row(histories.row(row));
  Answers answers;
  answers.lists =
      top_items(scorer, queries, options.k, options.exclude_seen, pool, options.eligible);
  if (options.calibration != nullptr) {
    answers.log_normalisers = log_normalisers(scorer, queries, *options.calibration, pool);
  }
  return answers;
}

}  // namespace truenext
