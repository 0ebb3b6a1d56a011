// SPDX-License-Identifier: Apache-2.0
#include "data/staged_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path without_trailing_slash(const fs::path& path) {
  const fs::path plain = path.lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

}  // namespace

StagedFolder::StagedFolder(const fs::path& target, bool overwrite, const char* marker)
    : target_(without_trailing_slash(target)) {
  check_usage(target_.has_filename() && target_.filename() != "." && target_.filename() != "..",
              "\"{}\" cannot be an output folder: want the name of a new folder", target.string());
  std::error_code error;
  if (fs::exists(fs::symlink_status(target_, error))) {
    check_usage(overwrite,
                "{}: exists already; choose another --out or replace it with --overwrite",
                target_.string());
    const bool ours = fs::is_directory(fs::symlink_status(target_)) &&
                      (fs::is_empty(target_, error) || fs::exists(target_ / marker));
    check_usage(ours, "{}: is not a folder that holds {}, so --overwrite does not replace it",
                target_.string(), marker);
  }
  make_folder(parent_of(target_));
  temporary_ = target_.string() + fmt::format(".partial-{}", ::getpid());
  fs::remove_all(temporary_, error);
  // std::filesystem calls it success when mkdir failed and nothing is there, as in /proc.
  const int made = ::mkdir(temporary_.c_str(), 0777);
  check_data(made == 0, "{}: cannot create a folder there: {}", parent_of(target_).string(),
             std::strerror(errno));
}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void StagedFolder::publish() {
  sync_folder(temporary_);
  // One step: nobody ever sees a mixture. An old folder then has the temporary name and is removed
  // by the destructor.
  int status =
      ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE);
  const bool exchanged = status == 0;
  if (!exchanged) status = ::rename(temporary_.c_str(), target_.c_str());
  check_data(status == 0, "{}: cannot move the finished folder there: {}", target_.string(),
             std::strerror(errno));
  sync_folder(parent_of(target_));
  if (!exchanged) temporary_.clear();
}

}  // namespace truenext
