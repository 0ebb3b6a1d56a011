// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "interop/model_import.h"

namespace truenext {

/// Whether the weights come from pretraining, as S3-Rec's file names say and its code does not
/// check: a pretrained file that is not found is passed over there, and the result is SASRec under
/// another name. `table` (attributes) starts as N(0, 0.02^2) and only pretraining moves it, to
/// deviations above 0.2. Adds a note to the model, or a warning when the file is called S3Rec or
/// "epochs" (a pretrained start) and the table was never trained. Nothing without such a table.
void review_pretraining(const StateDict& state, std::string_view table, ImportedModel& model);

}  // namespace truenext
