// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "eval/evaluator.h"

namespace truenext {

/// The mean as CSRec's code (and other evaluation loops) reports it: values are averaged inside
/// batches of `batch` users in the order of the dataset, then these means are averaged, so that a
/// user of a short last batch counts for more. `batch` is at least 1; 0 for no values.
double mean_of_batches(std::span<const double> per_user, int64_t batch);

/// Puts it in the place of every mean. Intervals stay those of the mean of users.
void use_batch_means(int64_t batch, EvalResult* result);

}  // namespace truenext
