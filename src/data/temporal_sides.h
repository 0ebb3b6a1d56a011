// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "data/dataset.h"
#include "data/prepare.h"

namespace truenext {

/// What lies on one side of the cuts of a temporal split.
struct TemporalSide {
  int64_t events = 0;
  int64_t users = 0;  ///< with an event there; most users are on several sides
};

/// The cut times of a temporal split, and what is before, between and behind them.
struct TemporalSides {
  TemporalCut cut;
  TemporalSide train, valid, test;
};

/// Nothing for other splits. The cuts are computed from the times when the description, written by
/// an earlier version, does not say them.
std::optional<TemporalSides> temporal_sides(const Dataset& dataset);

}  // namespace truenext
