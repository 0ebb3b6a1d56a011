// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compare/run_result.h"
#include "compare/seed_variance.h"

namespace truenext {

/// One or more runs of a configuration that differ in nothing but their training seed.
struct Side {
  std::string name;
  std::vector<RunResult> runs;

  /// Whether a run of it was told when items were asked for, or is a model beside counts.
  bool told() const;
  bool hybrid() const;
  /// The name with both of that: "mine (hybrid, request time known)".
  std::string label() const;
  /// Mean of a metric over runs and users.
  double mean(const std::string& metric) const;
  /// Views of one metric, one for each run.
  RunColumns columns(const std::string& metric) const;
};

/// A side as it was asked for. A folder that holds no result but folders seed-* that do stands for
/// those.
struct SideRequest {
  std::string name;
  std::vector<std::filesystem::path> folders;
};

/// Reads "name=run1,run2" (usage Error when it is not of that form).
SideRequest parse_side(const std::string& text);

/// Reads the sides' results and makes sure that they may be compared: see match_run. A run that is
/// given twice, or two sides of one name, is a usage Error.
std::vector<Side> read_sides(const std::vector<SideRequest>& requests, const std::string& result,
                             bool mix_times = false);

/// The metrics to compare: those `wanted`, a comma-separated list (data Error when a run lacks
/// one), or, when empty, all that every run has.
std::vector<std::string> common_metrics(const std::vector<Side>& sides, const std::string& wanted);

}  // namespace truenext
