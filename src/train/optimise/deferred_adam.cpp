// SPDX-License-Identifier: Apache-2.0
#include "train/optimise/deferred_adam.h"

#include <algorithm>
#include <atomic>

namespace truenext {
namespace {

constexpr int64_t kRangeFloats = int64_t{1} << 16;

}  // namespace

template <typename Body>
void DeferredAdam::for_each_range(int64_t rows, WorkerPool& pool, const Body& body) const {
  const int64_t range = std::max<int64_t>(1, kRangeFloats / table_.dim);
  pool.run((rows + range - 1) / range,
           [&](int64_t task, int) { body(task * range, std::min(rows, (task + 1) * range)); });
}

void DeferredAdam::catch_up_row(int64_t row) {
  const auto steps = static_cast<int32_t>(steps_.size());
  // Whoever takes the row first does the work, so that tiles may name the same rows. Nobody reads
  // the row before all threads have met again, which orders the plain stores.
  std::atomic_ref<int32_t> done(done_[static_cast<size_t>(row)]);
  if (done.load(std::memory_order_relaxed) == steps) return;
  const int32_t from = done.exchange(steps, std::memory_order_relaxed);
  kernels::adam_idle(row, {steps - from, steps_.data() + from, ceiling_}, table_);
}

void DeferredAdam::catch_up(std::span<const int32_t> rows) {
  if (steps_.empty()) return;
  for (const int32_t row : rows) catch_up_row(row);
}

void DeferredAdam::catch_up_all(WorkerPool& pool) {
  if (steps_.empty()) return;
  for_each_range(static_cast<int64_t>(done_.size()), pool, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) catch_up_row(row);
  });
  steps_.clear();
  ceiling_ = 0;
  std::fill(done_.begin(), done_.end(), 0);
}

void DeferredAdam::step(const TableGradient<float>& gradient, const kernels::AdamFactors& factors,
                        WorkerPool& pool) {
  if (gradient.dense()) {
    step_dense(gradient, factors, pool);
  } else {
    step_sparse(gradient, factors, pool);
  }
}

void DeferredAdam::step_sparse(const TableGradient<float>& gradient,
                               const kernels::AdamFactors& factors, WorkerPool& pool) {
  const std::span<const int32_t> rows = gradient.rows();
  const auto next = static_cast<int32_t>(steps_.size()) + 1;
  for_each_range(static_cast<int64_t>(rows.size()), pool, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) catch_up_row(rows[i]);
    kernels::adam_rows(end - begin, rows.data() + begin, factors,
                       gradient.values().data() + begin * table_.dim, table_);
    for (int64_t i = begin; i < end; ++i) done_[static_cast<size_t>(rows[i])] = next;
  });
  steps_.push_back(factors);
  ceiling_ = kernels::idle_ceiling(ceiling_, factors);
}

void DeferredAdam::step_dense(const TableGradient<float>& gradient,
                              const kernels::AdamFactors& factors, WorkerPool& pool) {
  for_each_range(static_cast<int64_t>(done_.size()), pool, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; !steps_.empty() && row < end; ++row) catch_up_row(row);
    kernels::adam((end - begin) * table_.dim, factors,
                  gradient.values().data() + begin * table_.dim, table_.row(begin));
  });
  steps_.clear();
  ceiling_ = 0;
  std::fill(done_.begin(), done_.end(), 0);
}

}  // namespace truenext
