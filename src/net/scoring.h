// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "net/model_options.h"
#include "net/ops.h"

namespace truenext {

/// How a state x and the vector e of an item make a score: the one description that training,
/// evaluation, use, devices, files and other languages go by (decision 0035).
///
///     product            <x, e>
///     product and bias   <x, e> + b
///     cosine             <x / |x|, e / |e|> g / t, with a gain g that is 1 or learned
///
/// Whoever scores takes <state, row> and knows nothing of it: states are made by score_states(),
/// the rows of the table by ComposedTables. Source of the cosine: the HSTU code of Zhai et al.,
/// ICML 2024.
struct Scoring {
  bool cosine = false;
  double temperature = 1;  ///< t
  bool learned = false;    ///< whether g is, tensor kScoreGain
  bool bias = false;
  int64_t vector_width = 0;  ///< of x and e

  /// Columns of states and of the rows that they are multiplied by.
  int64_t width() const { return vector_width + (bias ? 1 : 0); }
  /// "inner product", "inner product and a bias", "cosine / 0.05".
  std::string text() const;
};

Scoring scoring_of(const ModelOptions& options);
/// Usage Error for what a cosine does not go with.
void check_scoring(const ModelOptions& options);

/// States as scores need them, [rows, scoring.width()], of states [rows, vector_width].
net::Rows score_states(net::Ops& ops, net::Rows states, const Scoring& scoring);

/// Lengths below this count as this, so that a vector of zeros has a cosine, which is 0.
inline constexpr double kSmallestLength = 1e-6;
/// row / max(|row|, kSmallestLength), in place.
template <typename T>
void make_unit(int64_t width, T* row);
/// The gradient of that becomes the one of `vector`, in place.
template <typename T>
void make_unit_backward(int64_t width, const T* vector, T* gradient);

}  // namespace truenext
