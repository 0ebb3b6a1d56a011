// SPDX-License-Identifier: Apache-2.0
#include "base/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "support/compressed.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using test::caught;
using test::gzipped;
using test::TemporaryFolder;
using test::zstd_packed;

std::vector<std::string> lines_of(const std::string& path) {
  LineReader reader(path);
  std::vector<std::string> lines;
  std::string_view line;
  while (reader.next(line)) lines.emplace_back(line);
  return lines;
}

std::string numbered_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

using Lines = std::vector<std::string>;

TEST(LineReader, EndsLinesAtLfOrCrLfAndNeedsNoLastEnd) {
  const TemporaryFolder folder;
  EXPECT_EQ(lines_of(folder.write("a", "one\ntwo\r\n\nlast")), (Lines{"one", "two", "", "last"}));
  EXPECT_EQ(lines_of(folder.write("b", "one\n")), (Lines{"one"}));
  EXPECT_EQ(lines_of(folder.write("c", "")), Lines{});
  EXPECT_EQ(lines_of(folder.write("d", "\n")), (Lines{""}));
}

TEST(LineReader, DropsAByteOrderMarkOnlyAtTheStart) {
  const TemporaryFolder folder;
  EXPECT_EQ(lines_of(folder.write("a", "\xef\xbb\xbfuser\n\xef\xbb\xbfx\n")),
            (Lines{"user", "\xef\xbb\xbfx"}));
}

TEST(LineReader, UnpacksByContentWhateverTheName) {
  const TemporaryFolder folder;
  const std::string text = numbered_lines(100'000);  // more than every buffer on the way
  const Lines plain = lines_of(folder.write("plain.gz", text));
  ASSERT_EQ(plain.size(), 100'000u);
  EXPECT_EQ(plain.back(), "line 99999");
  EXPECT_EQ(lines_of(folder.write("packed.txt", gzipped(text))), plain);
  EXPECT_EQ(lines_of(folder.write("packed.csv", zstd_packed(text))), plain);
}

TEST(LineReader, ReadsSeveralMembersAndFrames) {
  const TemporaryFolder folder;
  const Lines want{"one", "two"};
  EXPECT_EQ(lines_of(folder.write("a", gzipped("one\n") + gzipped("two\n"))), want);
  EXPECT_EQ(lines_of(folder.write("b", zstd_packed("one\n") + zstd_packed("two\n"))), want);
  // A skippable frame of 4 bytes, as pzstd writes it.
  const std::string skippable("\x50\x2a\x4d\x18\x04\x00\x00\x00size", 12);
  EXPECT_EQ(lines_of(folder.write("c", skippable + zstd_packed("one\ntwo\n"))), want);
}

TEST(LineReader, RefusesTruncatedAndDamagedInput) {
  const TemporaryFolder folder;
  const std::string text = numbered_lines(50'000);
  const std::string gz = gzipped(text), zst = zstd_packed(text);
  const auto read = [&](const std::string& bytes) {
    const std::string path = folder.write("x", bytes);
    return caught([&] { lines_of(path); });
  };
  EXPECT_TRUE(read(gz.substr(0, gz.size() / 2)).says("ends early"));
  EXPECT_TRUE(read(gz.substr(0, gz.size() - 1)).says("ends early"));
  EXPECT_TRUE(read(gz.substr(0, 5)).says("ends early"));
  EXPECT_TRUE(read(gz + "rubbish").says("not gzip"));
  EXPECT_TRUE(read(zst.substr(0, zst.size() / 2)).says("ends early"));
  EXPECT_TRUE(read(zst.substr(0, zst.size() - 1)).says("ends early"));
  std::string flipped = gz;
  flipped[flipped.size() / 2] ^= 0x55;
  EXPECT_TRUE(read(flipped).says("damaged gzip"));
  EXPECT_EQ(read(gz.substr(0, 100)).code, ExitCode::data);
}

/// A frame of "one" and a raw line end, whose window has 2^`log` bytes.
std::string zstd_with_window(int log) {
  std::string frame("\x28\xb5\x2f\xfd\x00", 5);
  frame += static_cast<char>((log - 10) << 3);
  return frame + std::string("\x21\x00\x00one\n", 7);
}

TEST(LineReader, ASmallZstandardFileGetsASmallWindow) {
  const TemporaryFolder folder;
  EXPECT_EQ(lines_of(folder.write("a", zstd_with_window(25))), Lines{"one"});
  const std::string large = folder.write("b", zstd_with_window(26));
  const auto error = caught([&] { lines_of(large); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("asks for more memory to be unpacked"));
  // As much as ten times the file is no surprise.
  const std::string skippable = std::string("\x50\x2a\x4d\x18\x00\x00\x80\x00", 8);
  const std::string padded = skippable + std::string(8 << 20, 'x') + zstd_with_window(26);
  EXPECT_EQ(lines_of(folder.write("c", padded)), Lines{"one"});
}

TEST(LineReader, NamesTheFileAndTheLine) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.txt", "one\ntwo\n");
  LineReader reader(path);
  std::string_view line;
  reader.next(line);
  reader.next(line);
  EXPECT_EQ(reader.line_number(), 2);
  EXPECT_EQ(reader.where(), path + ":2");
}

TEST(LineReader, PeekTakesNothing) {
  const TemporaryFolder folder;
  LineReader reader(folder.write("a", gzipped("one\ntwo\n")));
  EXPECT_EQ(reader.peek(5), "one\nt");
  EXPECT_EQ(reader.peek(1000), "one\ntwo\n");
  std::string_view line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "one");
  EXPECT_EQ(reader.peek(1000), "two\n");
}

TEST(LineReader, TakesLinesLongerThanItsBuffer) {
  const TemporaryFolder folder;
  const std::string huge(3'000'000, 'x');
  EXPECT_EQ(lines_of(folder.write("a", "a\n" + huge + "\nb")), (Lines{"a", huge, "b"}));
}

TEST(LineReader, SaysWhyAFileCannotBeRead) {
  const TemporaryFolder folder;
  const auto missing = caught([&] { LineReader reader(folder / "missing"); });
  EXPECT_EQ(missing.code, ExitCode::data);
  EXPECT_TRUE(missing.says("missing: cannot read: No such file"));
  EXPECT_TRUE(caught([&] { LineReader reader(folder.path().string()); }).says("is a folder"));
}

TEST(LineReader, ReadsStandardInput) {
  const TemporaryFolder folder;
  const std::string path = folder.write("in", gzipped("one\ntwo\n"));
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(path.c_str(), O_RDONLY);
    ::dup2(fd, STDIN_FILENO);
    LineReader reader("-");
    std::string_view line;
    const bool good = reader.next(line) && line == "one" && reader.where() == "standard input:1" &&
                      reader.next(line) && !reader.next(line);
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace truenext
