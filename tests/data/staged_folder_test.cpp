// SPDX-License-Identifier: Apache-2.0
#include "data/staged_folder.h"

#include <gtest/gtest.h>

#include "support/test_files.h"

namespace truenext {
namespace {

using test::caught;
using test::file_bytes;
using test::TemporaryFolder;

void fill(const std::filesystem::path& folder, const char* text) {
  std::ofstream(folder / "marker") << text;
}

TEST(StagedFolder, AppearsOnlyWhenPublished) {
  const TemporaryFolder folder;
  {
    StagedFolder stage(folder / "deep/out", false, "marker");
    fill(stage.path(), "new");
    EXPECT_FALSE(std::filesystem::exists(folder / "deep/out"));
    stage.publish();
  }
  EXPECT_EQ(file_bytes(folder / "deep/out/marker"), "new");
  EXPECT_EQ(folder.listing(), "deep ");
}

TEST(StagedFolder, LeavesNothingWhenGivenUp) {
  const TemporaryFolder folder;
  {
    StagedFolder stage(folder / "out", false, "marker");
    fill(stage.path(), "new");
  }
  EXPECT_EQ(folder.listing(), "");
}

TEST(StagedFolder, ReplacesOnlyItsOwnKindAndOnlyWhenTold) {
  const TemporaryFolder folder;
  folder.write("out/marker", "old");
  const auto refused = caught([&] { StagedFolder(folder / "out", false, "marker"); });
  EXPECT_EQ(refused.code, ExitCode::usage);
  EXPECT_TRUE(refused.says("--overwrite"));
  {
    StagedFolder stage(folder / "out/", true, "marker");
    fill(stage.path(), "new");
    stage.publish();
  }
  EXPECT_EQ(file_bytes(folder / "out/marker"), "new");
  EXPECT_EQ(folder.listing(), "out ");

  folder.write("precious/letter", "dear");
  EXPECT_TRUE(
      caught([&] { StagedFolder(folder / "precious", true, "marker"); }).says("not replace"));
  folder.write("file", "text");
  EXPECT_TRUE(caught([&] { StagedFolder(folder / "file", true, "marker"); }).says("not replace"));
  EXPECT_EQ(file_bytes(folder / "precious/letter"), "dear");
}

TEST(StagedFolder, RefusesNamesThatAreNoNewFolder) {
  for (const char* name : {"", ".", "..", "/", "a/.."}) {
    EXPECT_EQ(caught([&] { StagedFolder(name, true, "marker"); }).code, ExitCode::usage) << name;
  }
}

}  // namespace
}  // namespace truenext
