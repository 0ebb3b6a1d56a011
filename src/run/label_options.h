// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"
#include "eval/mixing.h"

namespace truenext {

/// Section [labels]: where the soft labels of ObjectiveOptions::label_share come from (decision
/// 0023).
struct LabelOptions {
  std::string path;                   ///< folder written by `truenext label`
  std::vector<std::string> teachers;  ///< or who is asked
  std::string fingerprint;            ///< of the labels, filled in when training starts
  Mixing mixing = Mixing::probability;
  bool running_sum = false;  ///< of early-exit, as published: not divided by the teachers added
  double temperature = 3;
  std::string weights;  ///< e.g. "0.1,0.9"; empty = equal
  int64_t kept = 100;   ///< 0 = labels are not stored

  void list(OptionList& options);
  /// Usage Error naming labels.weights when they are no numbers.
  MixingOptions mixing_options() const;
};

}  // namespace truenext
