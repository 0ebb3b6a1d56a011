// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "base/thread_pool.h"
#include "batch/batch.h"
#include "objectives/objective.h"
#include "torch/device_criteria.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// States of a batch whose tiles lie one after the other.
struct DeviceStates {
  at::Tensor values;      ///< [tokens, dim], or [queries, dim]
  bool by_query = false;  ///< a row a query, not a token
};

/// Loss of a batch with the gradients of its states and of the output table.
struct DeviceLoss {
  double loss = 0;
  at::Tensor state_grad;  ///< shaped like the states
  at::Tensor table_grad;  ///< [items, dim]
};

/// An objective on a device: same targets, same negatives, same loss as Objective::evaluate() over
/// the batch's tiles. Scores are made for as many queries at a time as a fixed budget of memory
/// allows. What has no form for devices (find_device_criterion) is evaluated on the host.
class DeviceObjective {
 public:
  /// Everything must outlive it. The pool draws negatives and evaluates on the host.
  DeviceObjective(const Objective& objective, WorkerPool& pool);

  bool native() const { return criterion_ != nullptr; }

  /// States and table [items, dim] are on one device and without gradients.
  DeviceLoss evaluate(const Batch& batch, const DeviceStates& states, const at::Tensor& table,
                      const StepContext& context) const;

 private:
  struct Queries;

  Queries gather(const Batch& batch, const DeviceStates& states) const;
  /// Candidates of all queries, drawn on the host; fills in what full rows have no need of.
  void draw(const Batch& batch, const StepContext& context, Queries& queries) const;
  /// Score gradients of rows [begin, begin + scores.size(0)); adds to the queries' losses.
  at::Tensor differentiate(Queries& queries, int64_t begin, const at::Tensor& scores) const;
  DeviceRows rows_of(const Queries& queries, int64_t begin, const at::Tensor& scores) const;
  void full(Queries& queries, const at::Tensor& table, DeviceLoss& result) const;
  void sampled(Queries& queries, const at::Tensor& table, DeviceLoss& result) const;
  template <typename T>
  DeviceLoss on_host(const Batch& batch, const DeviceStates& states, const at::Tensor& table,
                     const StepContext& context) const;

  const Objective& objective_;
  WorkerPool& pool_;
  DeviceCriterion criterion_;
  DeviceCriterionContext context_;
};

}  // namespace truenext
