// SPDX-License-Identifier: Apache-2.0
#include "base/folder_lock.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/terminal_text.h"

namespace truenext {
namespace {

constexpr const char* kName = ".lock";

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

bool is_same_file(int descriptor, const std::filesystem::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder, const std::string& work)
    : folder_(folder), path_(folder / kName) {
  std::error_code ignored;
  made_folder_ = !std::filesystem::exists(folder, ignored);
  make_folder(folder);
  if (!take()) {
    const std::string who = owner();
    ::close(descriptor_);
    fail_data(
        "{}: another process is at work in this folder: {}; wait until it is done, stop it, or "
        "choose another folder",
        folder.string(), who.empty() ? "it has not said which" : who);
  }
  if (const std::string before = owner(); !before.empty()) {
    const bool here = before.find(" on " + host_name() + " ") != std::string::npos;
    if (carried_ && here)
      log_info("{}: left by {}, which has ended; taken over", folder.string(), before);
    if (!carried_ || !here) {
      log_warning(
          "{}: was in use by {}; {}, and this folder is taken over: if that process is still at "
          "work, stop one of the two",
          folder.string(), before,
          carried_ ? "its lock is not held as far as this host can see"
                   : "the file system carries no locks");
    }
  }
  sign(work);
}

FolderLock::~FolderLock() {
  // Removed while it is locked: whoever opened it in between finds that it has lost its name.
  ::unlink(path_.c_str());
  ::close(descriptor_);
  if (made_folder_) ::rmdir(folder_.c_str());  // refused when something lies in it
}

bool FolderLock::take() {
  for (;;) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    check_data(descriptor_ >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
    int result = 0;
    do {
      result = ::flock(descriptor_, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK) return false;
    carried_ = result == 0;
    if (!carried_ || is_same_file(descriptor_, path_)) return true;
    ::close(descriptor_);  // its owner has just removed it
  }
}

std::string FolderLock::owner() const {
  std::array<char, 512> text{};
  const ssize_t n = ::pread(descriptor_, text.data(), text.size(), 0);
  const std::string_view all(text.data(), static_cast<size_t>(std::max<ssize_t>(0, n)));
  return excerpt(all.substr(0, all.find('\n')), text.size());  // anybody may have written it
}

void FolderLock::sign(const std::string& work) const {
  const std::string text =
      fmt::format("process {} ({}) on {} since {:%Y-%m-%d %H:%M:%S} UTC\n", ::getpid(), work,
                  host_name(), fmt::gmtime(std::time(nullptr)));
  const bool written =
      ::ftruncate(descriptor_, 0) == 0 &&
      ::pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  if (written) return;
  const int error = errno;
  ::unlink(path_.c_str());
  ::close(descriptor_);
  fail_data("{}: cannot write: {}", path_.string(), std::strerror(error));
}

}  // namespace truenext
