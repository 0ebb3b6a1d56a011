// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "objectives/objective_options.h"

namespace truenext {

/// Rows of scores as a device sees them: positives are gathered, negatives are told by a mask.
struct DeviceRows {
  at::Tensor scores;    ///< [rows, candidates]
  at::Tensor places;    ///< int64 [rows, P]: where the positives are
  at::Tensor weights;   ///< [rows, P]: theirs, 0 where a row has fewer
  at::Tensor negative;  ///< bool [rows, candidates]
  /// bool [rows, candidates]: what is neither positive nor negative; undefined when nothing is.
  at::Tensor padding;
};

/// What a criterion takes from the rest of the objective.
struct DeviceCriterionContext {
  double gbce_beta = 1;
  double bpr_max_reg = 0;
};

/// Losses of the rows [rows], for autograd. Formulas and sources: objectives/<name>.cpp.
using DeviceCriterion = at::Tensor (*)(const DeviceRows& rows,
                                       const DeviceCriterionContext& context);

/// Null when the criterion has no form for devices: its rows are then judged on the host.
DeviceCriterion find_device_criterion(const ObjectiveOptions& options);

}  // namespace truenext
