// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace truenext {

/// Whether there is no infinity and no NaN. Looks at all values, at the speed of memory.
bool all_finite(std::span<const float> values);

}  // namespace truenext
