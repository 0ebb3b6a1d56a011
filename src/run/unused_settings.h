// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/run_config.h"

namespace truenext {

/// A key that somebody set and nothing reads, and why, e.g. `objective.candidates is "full"; it
/// matters with uniform, popularity, mixed, batch`.
struct UnusedSetting {
  std::string key;
  std::string reason;
};

/// Those of `keys` that the chosen network, objective and parts do not read (Option::only_with(),
/// NetworkInfo::keys). Each key once, in the order of the configuration.
std::vector<UnusedSetting> unused_settings(RunConfig config, const std::vector<std::string>& keys);

/// Keys that `after` has set: their values differ from `before`, and from what the network makes of
/// a key that nobody sets (a whole config.toml has those, too).
std::vector<std::string> changed_keys(RunConfig before, RunConfig after);
/// Those that a configuration file sets to other values than the defaults.
std::vector<std::string> keys_of_file(const std::filesystem::path& file);

}  // namespace truenext
