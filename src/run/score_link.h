// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "inference/calibration.h"
#include "objectives/objective.h"

namespace truenext {

/// What the scores of a model mean that minimised an objective: the minimum of the expected loss
/// over a context in which item i is next with the probability p_i (docs/calibration.md derives
/// all cases; for gBCE it is Petrov and Macdonald, RecSys 2023).
struct ScoreLink {
  LinkKind kind = LinkKind::log;
  double offset = 0;  ///< c of LinkKind
  /// False when the loss fixes scores only up to a constant per context (softmax): then only
  /// normalised probabilities have a meaning.
  bool anchored = true;
  /// False when the relation holds up to terms of the order negatives / items only.
  bool exact = true;
};

/// For bce and gbce with alpha = k / (n - 1) and beta = t alpha + 1 - t (bce: beta = 1):
///  - negatives that are never the positive, or the full catalogue: odds(p) = e^s alpha / beta;
///  - negatives drawn from all n items: p = e^s k / (n beta).
/// For softmax: p proportional to e^s. Usage Error as Objective has them.
ScoreLink score_link(const ObjectiveOptions& options, int64_t num_items);

}  // namespace truenext
