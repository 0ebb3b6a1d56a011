// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"
#include "teachers/event_noise.h"

namespace truenext::cli {

/// What `noise --score` was asked for.
struct NoiseScoreArguments {
  std::vector<std::string> runs;
  std::string data;  ///< empty: what the first run says
  std::string out;   ///< a TSV file; empty: standard output
  bool allow_other_data = false;
  EventNoiseOptions options;
};

/// Scores the training events of a dataset, writes a line for each, and says what came out: on
/// standard output, or where that has the lines, to the log.
void score_noise(const NoiseScoreArguments& arguments, const Globals& globals);

}  // namespace truenext::cli
