// SPDX-License-Identifier: Apache-2.0
#include "train/optimise/weight_average.h"

#include <algorithm>

#include "base/error.h"

namespace truenext {

double average_decay(const TrainOptions& options, int64_t steps_per_epoch) {
  check_usage(options.table_optimizer == TableOptimizer::adam,
              "train.average = \"ema\": averages every row in every step, and "
              "train.table_optimizer = \"{}\" leaves rows without a gradient out; want \"adam\", "
              "which lets them catch up to the same bits, or train.average = \"none\"",
              word_of(options.table_optimizer));
  if (options.average_decay > 0) return options.average_decay;
  const double steps = options.average_epochs * static_cast<double>(steps_per_epoch);
  check_usage(steps > 1,
              "train.average_epochs = {}: that is {} steps, and an average reaches back more than "
              "one; want more, or train.average_decay",
              options.average_epochs, steps);
  return 1 - 1 / steps;
}

double average_share(double decay, int64_t steps_before) {
  const auto t = static_cast<double>(steps_before);
  return 1 - std::min(decay, (1 + t) / (10 + t));
}

}  // namespace truenext
