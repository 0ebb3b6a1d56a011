// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/prepare.h"
#include "data/split_point.h"

namespace truenext {

/// Sentences about a split that leaves nobody, or hardly anybody, to test or to validate although
/// the options ask for it: how many of how many, why, and what to change.
std::vector<std::string> split_warnings(std::span<const int64_t> offsets,
                                        std::span<const SplitPoint> split,
                                        const SplitOptions& options);

}  // namespace truenext
