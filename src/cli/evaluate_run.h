// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "cli/commands.h"

namespace upnext::cli {

/// What other verbs may ask of `evaluate`.
struct RunEvaluation {
  std::string metrics;  ///< empty = the default list
};

/// Judges a run on the test part of its own data as `upnext evaluate RUN --no-baselines` does, and
/// leaves the result files in its folder; prints nothing on stdout.
void evaluate_run(const std::filesystem::path& run, const RunEvaluation& wanted,
                  const Globals& globals);

}  // namespace upnext::cli
