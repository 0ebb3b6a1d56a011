// SPDX-License-Identifier: Apache-2.0
#include "cli/run_lock.h"

namespace truenext::cli {

namespace fs = std::filesystem;

std::unique_ptr<FolderLock> lock_run_of(const fs::path& model, const std::string& work) {
  std::error_code error;
  fs::path folder = model;
  if (!fs::is_directory(model, error)) {
    // What is written through a link lies where the link leads.
    const fs::path file = fs::is_symlink(model, error) ? fs::weakly_canonical(model, error) : model;
    folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  }
  if (!fs::exists(folder / "config.toml", error)) return nullptr;
  return std::make_unique<FolderLock>(folder, work);
}

}  // namespace truenext::cli
