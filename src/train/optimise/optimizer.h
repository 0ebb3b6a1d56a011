// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/adam.h"
#include "net/parameters.h"
#include "run/run_config.h"
#include "train/optimise/deferred_adam.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// A tensor under the name that a checkpoint has for it.
template <typename T>
struct NamedTensor {
  std::string name;
  T* tensor;
};

/// Adam (AdamW with weight decay) on everything; train.table_optimizer picks the rule for tables:
///   adam             exact: every number of every table moves in every step, as in the originals
///   lazy-adam        only rows with a gradient move, and their moments with them
///   rowwise-adagrad  one sum of squares a row, only rows with a gradient move
/// Nothing depends on the number of workers: rows are independent of each other.
class Adam {
 public:
  Adam(ParameterSet& parameters, const TrainOptions& options);

  /// Leaves rows of this table behind until they are needed (DeferredAdam); the caller promises to
  /// catch up whatever is read. The numbers do not change. No effect under the other rules.
  void defer(int64_t index);
  bool deferred(int64_t index) const { return states_[index].deferred != nullptr; }
  /// Brings rows of a deferred table up to the last step; may run on several threads at once.
  void catch_up(int64_t index, std::span<const int32_t> rows);
  /// All rows of all tables: before weights or moments are read from outside.
  void catch_up_all(WorkerPool& pool);

  /// One step with the summed gradients, which are consumed. `learning_rate` is the scheduled one.
  void step(TileGradients<float>& gradients, double learning_rate, WorkerPool& pool);

  /// State of a parameter beside its value, by name: what a checkpoint holds.
  std::vector<NamedTensor<const Tensor>> state(int64_t index) const;
  std::vector<NamedTensor<Tensor>> state(int64_t index);
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

  /// From now on, before the first step and defer(), keeps the average of all weights over the
  /// steps (weight_average.h), which starts at the weights that the first step finds. It is part of
  /// state() and behind where a table is.
  void keep_average(double decay);
  bool keeps_average() const { return average_decay_ > 0; }
  /// Of a parameter, with its shape; no average is empty.
  const Tensor& average(int64_t index) const { return states_[index].average; }
  double average_decay() const { return average_decay_; }

 private:
  struct State {
    TableOptimizer rule = TableOptimizer::adam;
    Tensor moment1, moment2;  ///< empty under rowwise_adagrad
    Tensor sums;              ///< [rows], of rowwise_adagrad
    Tensor average;           ///< of the values; empty where none is kept
    std::unique_ptr<DeferredAdam> deferred;
  };

  bool by_row(int64_t index) const {
    return deferred(index) || states_[index].rule != TableOptimizer::adam;
  }
  kernels::AdamTable table(int64_t index);
  kernels::AdamStep next_step(double learning_rate);
  kernels::AdamFactors factors_of(const kernels::AdamStep& step) const;
  void start_average();
  void step_whole(TileGradients<float>& gradients, const kernels::AdamFactors& factors,
                  WorkerPool& pool);
  void step_table(int64_t index, const TableGradient<float>& gradient,
                  const kernels::AdamStep& step, WorkerPool& pool);

  ParameterSet& parameters_;
  TrainOptions options_;
  std::vector<State> states_;
  int64_t steps_ = 0;
  double average_decay_ = 0;  ///< 0 = no average
};

/// `sum` plus the squares of `values`, one after the other.
double add_squares(double sum, std::span<const float> values);

/// `sum` plus the squares of all rows of a table's gradient, wherever they are.
using AddTableSquares = std::function<double(double sum, int64_t table)>;

/// Scales the gradients so that their global L2 norm is at most `limit`; returns the norm before.
double clip_gradients(TileGradients<float>& gradients, double limit);
double clip_gradients(TileGradients<float>& gradients, double limit,
                      const AddTableSquares& add_table);

/// Learning rate of 0-based `step` of `total` under the options' warm-up and schedule.
double scheduled_rate(const TrainOptions& options, int64_t step, int64_t total);

}  // namespace truenext
