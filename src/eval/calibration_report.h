// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "eval/calibration_check.h"
#include "eval/calibration_fit.h"

namespace truenext {

/// Everything that `truenext calibrate` says; docs/calibration.md lists the keys of the JSON.
struct CalibrationReport {
  std::string version;              ///< of the program
  std::string loss_name;            ///< what the model minimised
  bool request_time_known = false;  ///< to the model (model.time)
  bool exact_link = true;
  bool has_truth = false;
  CalibrationFit fit;      ///< what is stored
  CalibrationCheck check;  ///< on the test part
  size_t stored = 0;       ///< the reading that is stored, in check.readings
  CalibrationCheckOptions options;
};

/// Indented JSON with a fixed order of keys.
std::string calibration_json(const CalibrationReport& report);
/// One line per reading, then the reliability table of the stored one.
std::string calibration_table(const CalibrationReport& report);

}  // namespace truenext
