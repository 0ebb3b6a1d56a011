// SPDX-License-Identifier: Apache-2.0
#include "base/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include "support/temporary_folder.h"
#include "support/test_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// A process that has locked a folder and does nothing else.
class Owner {
 public:
  explicit Owner(const fs::path& folder) {
    int ready[2];
    if (pipe(ready) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      const FolderLock lock(folder, "train");
      [[maybe_unused]] const ssize_t n = write(ready[1], "x", 1);
      for (;;) pause();
    }
    char byte = 0;
    [[maybe_unused]] const ssize_t n = read(ready[0], &byte, 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~Owner() { die(); }
  void die() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

TEST(FolderLock, NamesTheOwnerToWhoComesSecond) {
  const test::TemporaryFolder folder;
  const Owner owner(folder / "run");
  const test::Caught error = test::caught([&] { const FolderLock lock(folder / "run", "train"); });
  EXPECT_EQ(error.code, ExitCode::data);
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  for (const std::string& part :
       {std::string("/run: another process is at work"), "process " + std::to_string(owner.pid()),
        std::string("(train) on ") + host, std::string(" since 2"), std::string("stop it")}) {
    EXPECT_TRUE(error.says(part)) << part << ": " << error.message;
  }
}

TEST(FolderLock, OfADeadOwnerIsTakenOver) {
  const test::TemporaryFolder folder;
  Owner owner(folder / "run");
  owner.die();
  EXPECT_TRUE(fs::exists(folder / "run" / ".lock"));
  EXPECT_NO_THROW(FolderLock(folder / "run", "train"));
  EXPECT_FALSE(fs::exists(folder / "run" / ".lock"));
}

TEST(FolderLock, OfAnotherHostIsTakenOverWithAWarning) {
  const test::TemporaryFolder folder;
  folder.write("run/.lock", "process 7 (train) on far\x1b[1maway since 2026-01-01 00:00:00 UTC\n");
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW(FolderLock(folder / "run", "train"));
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("process 7 (train) on far\\x1B[1maway"), std::string::npos) << text;
  EXPECT_NE(text.find("as far as this host can see"), std::string::npos) << text;
}

TEST(FolderLock, LeavesTheFolderAsItWas) {
  const test::TemporaryFolder folder;
  { const FolderLock lock(folder / "made", "train"); }
  EXPECT_FALSE(fs::exists(folder / "made"));
  folder.write("there/file", "");
  { const FolderLock lock(folder / "there", "train"); }
  EXPECT_TRUE(fs::exists(folder / "there" / "file"));
  EXPECT_FALSE(fs::exists(folder / "there" / ".lock"));
}

TEST(FolderLock, IsHeldOnceInAProcessToo) {
  const test::TemporaryFolder folder;
  std::optional<FolderLock> lock;
  lock.emplace(folder / "run", "train");
  EXPECT_EQ(test::caught([&] { const FolderLock other(folder / "run", "train"); }).code,
            ExitCode::data);
  lock.reset();
  EXPECT_NO_THROW(FolderLock(folder / "run", "train"));
}

}  // namespace
}  // namespace truenext
