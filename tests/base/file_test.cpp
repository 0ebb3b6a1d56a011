// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "support/test_files.h"

namespace truenext {
namespace {

using test::caught;
using test::file_bytes;
using test::TemporaryFolder;

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "a");
    file.write("half");
    EXPECT_FALSE(std::filesystem::exists(folder / "a"));
    file.write(" whole");
    file.commit();
  }
  EXPECT_EQ(file_bytes(folder / "a"), "half whole");
  EXPECT_EQ(folder.listing(), "a ");
}

TEST(AtomicFile, LeavesTheOldFileWhenItIsGivenUp) {
  const TemporaryFolder folder;
  folder.write("a", "old");
  {
    AtomicFile file(folder / "a");
    file.write(std::string(5'000'000, 'x'));
    EXPECT_EQ(file.bytes_written(), 5'000'000u);
  }
  EXPECT_EQ(file_bytes(folder / "a"), "old");
  EXPECT_EQ(folder.listing(), "a ");
}

TEST(AtomicFile, KeepsTheOrderOfSmallAndLargeWrites) {
  const TemporaryFolder folder;
  const std::string large(3 << 20, 'L');
  AtomicFile file(folder / "a");
  file.write("begin");
  file.write(large);
  file.write("end");
  file.commit();
  EXPECT_EQ(file_bytes(folder / "a"), "begin" + large + "end");
}

TEST(AtomicFile, NamesTheFileThatCannotBeWritten) {
  const TemporaryFolder folder;
  const auto error = caught([&] { AtomicFile file(folder / "missing/a"); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("missing/a: cannot write"));
}

TEST(MappedFile, GivesTypedValuesAndRefusesOddSizes) {
  const TemporaryFolder folder;
  const std::array<int32_t, 3> values{1, -2, 3};
  AtomicFile file(folder / "a");
  file.write_array(std::span<const int32_t>(values));
  file.commit();
  const MappedFile mapped(folder / "a");
  const auto back = mapped.as<int32_t>("a");
  EXPECT_TRUE(std::equal(back.begin(), back.end(), values.begin(), values.end()));
  EXPECT_TRUE(caught([&] { mapped.as<int64_t>("a.bin"); }).says("a.bin: 12 bytes"));
  EXPECT_TRUE(MappedFile(folder.write("empty", "")).bytes().empty());
}

TEST(ReadFile, RefusesMoreThanItMayTake) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "12345");
  EXPECT_EQ(read_file(path), "12345");
  EXPECT_TRUE(caught([&] { read_file(path, 4); }).says("at most 4"));
  EXPECT_TRUE(caught([&] { read_file(folder.path()); }).says("not a regular file"));
}

}  // namespace
}  // namespace truenext
