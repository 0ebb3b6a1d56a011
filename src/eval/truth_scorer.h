// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "data/dataset.h"
#include "data/simulate.h"
#include "eval/evaluator.h"

namespace truenext {

/// Scores with the true probabilities of a simulated log: the best that can be reached. Only for
/// the last event of every user (leave-last with one test item), else score() is a usage Error.
/// Both arguments must outlive the scorer. Data Error when the dataset was not prepared from that
/// log.
std::unique_ptr<Scorer> make_truth_scorer(const SimulatedTruth& truth, const Dataset& dataset);

}  // namespace truenext
