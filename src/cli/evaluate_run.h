// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "data/candidate_rule.h"

namespace truenext::cli {

/// What other verbs may ask of `evaluate`.
struct RunEvaluation {
  std::string metrics;              ///< empty = the default list
  std::vector<int64_t> test_items;  ///< also judge so many nearest held-out items alone
  CandidateRule candidates = CandidateRule::full;
  std::string part = "test";  ///< or "valid"
};

/// Judges a run on a held-out part of its own data as `truenext evaluate RUN --baselines none`
/// does, and leaves the result files in its folder; prints nothing on stdout.
void evaluate_run(const std::filesystem::path& run, const RunEvaluation& wanted,
                  const Globals& globals);

}  // namespace truenext::cli
