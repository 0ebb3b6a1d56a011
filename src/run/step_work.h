// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "net/model_options.h"
#include "objectives/objective.h"

namespace truenext {

/// What packed sequences hold: the size of a problem, however it is computed.
struct PackedSize {
  int64_t sequences = 0;
  int64_t tokens = 0;
  int64_t pairs = 0;      ///< (query, key) pairs of causal attention: sum of n (n + 1) / 2
  int64_t positions = 0;  ///< queries of the objective

  /// One sequence of n tokens; its positions are counted elsewhere.
  void add_sequence(int64_t n) {
    ++sequences;
    tokens += n;
    pairs += n * (n + 1) / 2;
  }
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

/// Forward and backward pass of one training step: three times the forward pass for products with
/// weights, three and a half times for attention (its backward pass makes the scores again).
/// `model` is resolved.
UsefulWork training_work(const ModelOptions& model, const ObjectiveOptions& objective,
                         int64_t num_items, const PackedSize& size);

/// States of the newest items and their scores over the catalogue, as evaluation and
/// recommendation need them: the last block works for one query of each sequence only.
UsefulWork inference_work(const ModelOptions& model, int64_t num_items, const PackedSize& size);

}  // namespace truenext
