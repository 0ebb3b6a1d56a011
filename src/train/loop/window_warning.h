// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "batch/batch.h"
#include "data/dataset.h"

namespace truenext {

/// What windows of max_length inputs leave out of the training histories. A history of n items has
/// n - 1 positions: items that another one follows.
struct OutsideWindow {
  int64_t users = 0;           ///< that can be trained on
  int64_t cut_users = 0;       ///< with more positions than fit
  int64_t positions = 0;       ///< of all users
  int64_t lost_positions = 0;  ///< that are not an input in any epoch
};

/// Nothing is lost where windows are drawn anew for every epoch.
OutsideWindow outside_window(const Dataset& dataset, const BatchOptions& options);

/// What to say when more than a quarter of the positions is lost, else empty. Positions tell more
/// than users: a few long histories can hold half of a log, and many histories can be one item too
/// long.
std::string window_warning(const OutsideWindow& outside, int64_t max_length);

/// Says it in the log.
void warn_of_lost_positions(const Dataset& dataset, const BatchOptions& options);

}  // namespace truenext
