// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "eval/evaluator.h"

namespace truenext {

/// Scores given as a table: one row per query.
class TableScorer : public Scorer {
 public:
  TableScorer(std::vector<float> scores, int64_t num_items)
      : scores_(std::move(scores)), num_items_(num_items) {}

  int64_t num_items() const override { return num_items_; }
  void score(const Queries&, int64_t begin, int64_t end, float* scores) const override {
    std::copy(scores_.begin() + begin * num_items_, scores_.begin() + end * num_items_, scores);
  }

 private:
  std::vector<float> scores_;
  int64_t num_items_;
};

/// Queries from literal histories and targets; users are 0, 1, 2, ...
inline Queries literal_queries(const std::vector<std::vector<int32_t>>& histories,
                               const std::vector<std::vector<int32_t>>& targets) {
  Queries queries;
  for (size_t i = 0; i < histories.size(); ++i) {
    queries.users.push_back(static_cast<int32_t>(i));
    queries.histories.add_row(histories[i]);
    queries.targets.add_row(targets[i]);
  }
  return queries;
}

}  // namespace truenext
