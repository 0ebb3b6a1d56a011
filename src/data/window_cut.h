// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "data/prepare.h"

namespace truenext {

/// Rewrites the offsets, items, times, values (where there is a file of them) and user ids of a
/// dataset folder under construction: every window of `users` users becomes a user. Returns what
/// the windows are. Memory: some 70 bytes and an id for each window.
WindowReport cut_into_windows(const std::filesystem::path& folder, int64_t users, bool has_times,
                              const SplitOptions& options);

}  // namespace truenext
