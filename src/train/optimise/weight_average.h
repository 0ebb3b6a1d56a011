// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "run/run_config.h"

namespace truenext {

/// Share p of the average that a step keeps under train.average = "ema": train.average_decay, or
/// 1 - 1 / (steps of train.average_epochs epochs). Usage Error for rules of tables that leave rows
/// without a gradient alone: their average would stay behind, too.
double average_decay(const TrainOptions& options, int64_t steps_per_epoch);

/// What the average takes of the weights in the step after `steps_before` others: 1 - p_t with
/// p_t = min(p, (1 + t) / (10 + t)), so that it soon forgets the start values. Never more than in
/// the step before.
double average_share(double decay, int64_t steps_before);

}  // namespace truenext
