// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/folder_lock.h"

namespace truenext::cli {

/// Sole use of the run that `model` (a run folder or a file in one, also by a link) belongs to;
/// none for a model outside of runs.
std::unique_ptr<FolderLock> lock_run_of(const std::filesystem::path& model,
                                        const std::string& work);

}  // namespace truenext::cli
