// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace truenext {

/// A folder that appears under its name only when it is complete: filled under a temporary name
/// next to it, then renamed. Destroyed without publish() it leaves nothing.
class StagedFolder {
 public:
  /// Usage Error when `target` exists, unless `overwrite` allows to replace it; only a folder that
  /// is empty or holds the file `marker` is ever replaced.
  StagedFolder(const std::filesystem::path& target, bool overwrite, const char* marker);
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  /// The temporary folder, to write into.
  const std::filesystem::path& path() const { return temporary_; }
  /// Makes it durable and moves it to its name in one step; a folder of that name is removed after.
  void publish();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
};

}  // namespace truenext
