// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/loop/train_request.h"

namespace truenext {

/// Name of the file in a run folder that says how its stages compare.
inline constexpr const char* kStageReport = "stages.json";

/// Measures the models that the student of `request` learnt from, by its own validation metric and
/// users: each, and all that were asked for labels as one, mixed as its labels are (with
/// `confidence` and `early-exit` not, for no model answers so). Written to stages.json beside the
/// student's own value, and said. Nothing where the teachers are gone or no epoch was judged.
void report_stages(const TrainRequest& request, const TrainResult& student);

}  // namespace truenext
