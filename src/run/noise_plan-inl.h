// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/toml-inl.h"
#include "run/grid_plan.h"

namespace truenext {

/// Table [noise] of a grid's file `source`. Usage Error with file:line for unknown keys and kinds,
/// and for rates that are none or do not ascend.
GridNoise read_noise(const toml::table& table, const std::string& source);

}  // namespace truenext
