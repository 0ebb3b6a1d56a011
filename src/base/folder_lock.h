// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace truenext {

/// Sole use of a folder by one process, for as long as the object lives: a lock of the system on
/// the open file FOLDER/.lock, so that the death of the owner frees it however it died. The file
/// says who the owner is and goes with the lock; one that is left belongs to a dead owner and is
/// taken over.
///
/// On network disks the lock reaches other hosts where the file system carries locks (NFS with its
/// lock service does). Where it carries none, a file that names another process is warned of.
class FolderLock {
 public:
  /// Makes the folder when there is none. `work` says what is done there, e.g. "train". Data Error
  /// that names the owner's process, host and start when another process has the folder.
  FolderLock(const std::filesystem::path& folder, const std::string& work);
  /// Leaves no folder that it made and nobody filled.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  /// False: another process has the lock.
  bool take();
  std::string owner() const;
  void sign(const std::string& work) const;

  std::filesystem::path folder_, path_;
  bool made_folder_ = false;
  bool carried_ = true;  ///< by the file system
  int descriptor_ = -1;
};

}  // namespace truenext
