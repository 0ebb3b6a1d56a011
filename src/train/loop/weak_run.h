// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "run/run_config.h"

// What to say of a run that gets nowhere: what would change it, of what is not set so already.
namespace truenext {

struct RunProgress {
  int64_t steps_per_epoch = 0;
  bool out_of_patience = false;
};

/// What may help, e.g. "more steps (train.batch_size = 128 makes 8 an epoch), ...".
std::string ways_out(const RunConfig& config, const RunProgress& progress);

/// For a run whose validations have all been near the level of popularity (`level`, of Validator).
std::string plateau_text(const RunConfig& config, const std::string& level,
                         const RunProgress& progress);
/// For a run that has ended at or below that level.
std::string weak_end_text(const RunConfig& config, const std::string& level,
                          const RunProgress& progress);

/// Empty when the steps of an epoch are not few, or no smaller batch would make more.
std::string few_steps_text(const RunConfig& config, int64_t examples, int64_t steps_per_epoch);
void warn_of_few_steps(const RunConfig& config, int64_t examples, int64_t steps_per_epoch);

}  // namespace truenext
