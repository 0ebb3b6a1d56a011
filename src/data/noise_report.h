// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "data/noise.h"

namespace truenext {

/// The report as it stands in dataset.json under "noise"; null for a dataset without noise.
nlohmann::ordered_json noise_json(const std::optional<NoiseReport>& report);

}  // namespace truenext
