// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/prepare.h"

namespace truenext::cli {

/// What prepare says at its end: what was taken for what, what was counted, how it was split.
std::string report_text(const PrepareReport& report, const Dataset& dataset);

}  // namespace truenext::cli
