// SPDX-License-Identifier: Apache-2.0
// What is named as an output file need not be one.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "support/test_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

TEST(WrittenFiles, ADeviceIsWrittenToAndStaysOne) {
  write_file_atomically("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const auto full = test::caught([] { write_file_atomically("/dev/full", "text"); });
  EXPECT_TRUE(full.says("No space left on device")) << full.message;
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(WrittenFiles, ALinkStaysOneAndItsFileIsReplaced) {
  const test::TemporaryFolder folder;
  folder.write("sub/file", "old");
  fs::create_symlink(folder / "sub/file", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(test::file_bytes(folder / "sub/file"), "new");
}

TEST(WrittenFiles, FailuresGiveTheReasonOfTheSystem) {
  const test::TemporaryFolder folder;
  folder.write("file", "x");
  struct Row {
    fs::path path;
    std::string reason;
  };
  const Row rows[] = {{folder.path(), "is a folder"},
                      {folder / "none/file", "No such file or directory"},
                      {folder / "file/inside", "Not a directory"}};
  for (const Row& row : rows) {
    const auto refused = test::caught([&] { write_file_atomically(row.path, "text"); });
    EXPECT_EQ(refused.code, ExitCode::data);
    EXPECT_TRUE(refused.says(row.reason)) << refused.message;
  }
  for (const fs::path& path : {fs::path("/proc/nope"), folder / "file", folder / "file/inside"}) {
    const auto refused = test::caught([&] { make_folder(path); });
    EXPECT_EQ(refused.code, ExitCode::data) << path;
    EXPECT_FALSE(refused.says("Success")) << refused.message;
  }
}

}  // namespace
}  // namespace truenext
