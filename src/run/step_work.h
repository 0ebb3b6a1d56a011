// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "net/model_options.h"
#include "run/run_config.h"

namespace truenext {

/// What packed sequences hold: the size of a problem, however it is computed.
struct PackedSize {
  std::vector<int64_t> lengths;  ///< [n]: sequences of n tokens
  int64_t positions = 0;         ///< queries of the objective

  int64_t tokens() const;
  /// One sequence of n tokens; its positions are counted elsewhere.
  void add_sequence(int64_t n, int64_t times = 1);
  PackedSize& operator+=(const PackedSize& other);
};

/// Useful floating-point operations, a multiply-add counted as two. Padding, recomputation,
/// normalisation, dropout and the optimiser are not useful work in this sense.
struct UsefulWork {
  double linear = 0;     ///< projections and feed-forward maps, or the gates of a GRU
  double attention = 0;  ///< scores and weighted sums over real pairs
  double scores = 0;     ///< states times candidate items

  double total() const { return linear + attention + scores; }
};

/// Forward and backward pass of one training step, for the states that are trained: all of them,
/// the newest of every sequence (of a prefix, or positions = "last"), or as many as have a query
/// where chance hides inputs. Three times the forward pass for products with weights, three and a
/// half times for attention (its backward pass makes the scores again). The networks say themselves
/// what they do (net/work_pass.h). `config.model` is resolved.
UsefulWork training_work(const RunConfig& config, int64_t num_items, const PackedSize& size);

/// States of the newest items and their scores over the catalogue, as evaluation and
/// recommendation need them.
UsefulWork inference_work(const ModelOptions& model, int64_t num_items, const PackedSize& size);

}  // namespace truenext
