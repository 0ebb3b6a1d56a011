// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/adam.h"
#include "objectives/table_gradient.h"

namespace truenext {

/// Exact Adam on a large table in time proportional to the rows in use: a row without gradient is
/// left as it is and catches up, step by step in registers, when it is next read or updated. Every
/// bit is that of dense Adam, of the average of the weights too where one is kept. Keeps 4 bytes a
/// row, and 36 a step since all rows were last in step.
class DeferredAdam {
 public:
  /// `table` has `rows` rows, is borrowed and all in step.
  DeferredAdam(int64_t rows, const kernels::AdamTable& table)
      : table_(table), done_(static_cast<size_t>(rows), 0) {}

  /// Brings these rows (in any order, repeats allowed) to the last step. May run on several
  /// threads at once; nobody reads or updates rows at that time.
  void catch_up(std::span<const int32_t> rows);
  void catch_up_all(WorkerPool& pool);

  void step(const TableGradient<float>& gradient, const kernels::AdamFactors& factors,
            WorkerPool& pool);

 private:
  void catch_up_row(int64_t row);
  void step_sparse(const TableGradient<float>& gradient, const kernels::AdamFactors& factors,
                   WorkerPool& pool);
  void step_dense(const TableGradient<float>& gradient, const kernels::AdamFactors& factors,
                  WorkerPool& pool);
  /// body(first row, last row) over ranges of rows small enough to balance.
  template <typename Body>
  void for_each_range(int64_t rows, WorkerPool& pool, const Body& body) const;

  kernels::AdamTable table_;
  std::vector<int32_t> done_;  ///< by row: how many of steps_ it has made
  std::vector<kernels::AdamFactors> steps_;
  float ceiling_ = 0;  ///< of steps_, see kernels::IdleSteps
};

}  // namespace truenext
