// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "data/dataset_summary.h"

namespace truenext {

/// What kAutoPreset means for a dataset.
struct PresetChoice {
  std::string preset;                 ///< for apply_preset()
  std::vector<std::string> settings;  ///< key=value on top of it, for apply_settings()
  std::vector<std::string> reasons;   ///< a sentence for the preset and for each setting, in that
                                      ///< order: what was counted and what it decides

  /// Without the settings of keys, with or without "=value", that somebody sets himself.
  PresetChoice without(const std::vector<std::string>& keys) const;
};

/// Chooses by counts of the training part alone: length of the histories, users, size of the
/// catalogue, repeats. docs/choosing.md has the rules, and which runs are behind them so far. Data
/// Error where nobody has a training part.
PresetChoice choose_preset(const DatasetSummary& summary);

}  // namespace truenext
