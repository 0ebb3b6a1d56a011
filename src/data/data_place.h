// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace truenext {

/// Where a run says its dataset lies. Only config.toml of the run folder says so: model files hold
/// no paths.
struct DataPlace {
  std::string path;      ///< as it was given, relative to the folder the command ran in
  std::string from_run;  ///< relative to the run folder: still true when both are moved together
};

/// The way from a run folder to a dataset; empty when there is none (paths that cannot be
/// resolved).
std::string way_from_run(const std::filesystem::path& run, const std::filesystem::path& data);

/// The dataset folder of the run in folder `run`: from_run when a dataset lies there, else path.
/// `source` names the file that says so, e.g. "runs/a/config.toml". Data Error with all places that
/// were looked at and with --data when there is no folder at any of them.
std::filesystem::path find_data(const DataPlace& place, const std::filesystem::path& run,
                                const std::string& source);

}  // namespace truenext
