// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data/noise.h"

namespace truenext::cli {

/// What noise did, a line or two; begins with two blanks, ends with a line end.
std::string noise_text(const NoiseReport& report);

}  // namespace truenext::cli
