// SPDX-License-Identifier: Apache-2.0
// Files that are no lines of text are named as what they are, with the way to make text of them.
#include "data/readers/input_kind.h"

#include <gtest/gtest.h>

#include <ostream>

#include "base/terminal_text.h"
#include "data/prepared.h"
#include "support/compressed.h"

namespace truenext {
namespace {

using test::caught;
using test::TemporaryFolder;

const std::string kTable = "user_id,item_id,timestamp\r\nana,a,1\r\nana,b,2\r\n";

/// The text with `width` bytes per character.
std::string wide(std::string_view text, size_t width, bool big_endian, bool mark) {
  std::string bytes;
  const auto add = [&](char low, char high) {
    std::string unit(width, '\0');
    unit[big_endian ? width - 1 : 0] = low;
    unit[big_endian ? width - 2 : 1] = high;
    bytes += unit;
  };
  if (mark) add('\xff', '\xfe');
  for (const char c : text) add(c, '\0');
  return bytes;
}

/// "用户" in most places, commas and line ends between.
std::string wide_chinese() {
  std::string text;
  for (int line = 0; line < 5; ++line) text += std::string("(u7b,\0(u7b\n\0", 12);
  return text;
}

std::string bytes(std::string_view begin) {
  return std::string(begin) + std::string("\x01\0\x02\xff\x1b[2J rest", 12);
}

struct Kind {
  const char* name;
  std::string content;
  const char* kind;
  const char* advice;
  friend std::ostream& operator<<(std::ostream& out, const Kind& row) { return out << row.name; }
};

class InputKindTest : public testing::TestWithParam<Kind> {};

TEST_P(InputKindTest, IsNamedWithTheWayToConvertIt) {
  const TemporaryFolder folder;
  for (const char* format : {"auto", "csv"}) {
    ReaderOptions options;
    options.path = folder.write("events.csv", GetParam().content);
    options.format = format;
    const auto error = caught([&] { open_events(options); });
    EXPECT_EQ(error.code, ExitCode::data);
    EXPECT_TRUE(error.says("events.csv: ")) << error.message;
    EXPECT_TRUE(error.says(GetParam().kind)) << error.message;
    EXPECT_TRUE(error.says(GetParam().advice)) << error.message;
    EXPECT_EQ(error.message, excerpt(error.message, 10'000)) << "raw bytes in the message";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, InputKindTest,
    testing::Values(
        Kind{"utf16_little_mark", wide(kTable, 2, false, true), "UTF-16LE", "iconv -f UTF-16 "},
        Kind{"utf16_big_mark", wide(kTable, 2, true, true), "UTF-16BE", "iconv -f UTF-16 "},
        Kind{"utf16_little", wide(kTable, 2, false, false), "UTF-16LE", "iconv -f UTF-16LE"},
        Kind{"utf16_big", wide(kTable, 2, true, false), "UTF-16BE", "iconv -f UTF-16BE"},
        Kind{"utf32_little_mark", wide(kTable, 4, false, true), "UTF-32LE", "iconv -f UTF-32 "},
        Kind{"utf32_big", wide(kTable, 4, true, false), "UTF-32BE", "iconv -f UTF-32BE"},
        Kind{"utf16_of_chinese", wide_chinese(), "UTF-16LE", "iconv -f UTF-16LE"},
        Kind{"zip", bytes("PK\3\4a.csv"), "a ZIP archive", "unzip"},
        Kind{"xlsx", bytes("PK\3\4[Content_Types].xml"), "xlsx", "as CSV"},
        Kind{"parquet", bytes("PAR1"), "a Parquet file", "pandas.read_parquet"},
        Kind{"arrow", bytes("ARROW1"), "an Arrow", "pandas.read_feather"},
        Kind{"sqlite", bytes(std::string_view("SQLite format 3\0", 16)), "an SQLite database",
             "sqlite3"},
        Kind{"hdf5", bytes("\x89HDF\r\n\x1a\n"), "an HDF5 file", "pandas.read_hdf"},
        Kind{"npy", bytes("\x93NUMPY"), "a NumPy array", "numpy.savetxt"},
        Kind{"pickle", bytes("\x80\x04\x95"), "a Python pickle", "pandas.read_pickle"},
        Kind{"bzip2", bytes("BZh91AY&SY"), "a bzip2 file", "bunzip2"},
        Kind{"xz",
             bytes(std::string_view("\xfd"
                                    "7zXZ\0",
                                    6)),
             "an xz file", "unxz"},
        Kind{"gzip_twice", test::gzipped(test::gzipped(kTable)), "packed once more", "gunzip"},
        Kind{"zip_in_gzip", test::gzipped(bytes("PK\3\4a.csv")), "a ZIP archive", "unzip"},
        Kind{"tar", "a.csv" + std::string(252, '\0') + "ustar", "a tar archive", "tar xf"},
        Kind{"old_macintosh", "user,item\r1,2\r1,3\r", "a carriage return alone", "tr '\\r' '\\n'"},
        Kind{"web_page", "<!DOCTYPE html>\n<html>404</html>\n", "a web page", "download"},
        Kind{"json_array", "[\n  {\"user\": 1, \"item\": 2}\n]\n", "a JSON array", "jq -c"},
        Kind{"other_binary",
             bytes("\x7f"
                   "ELF"),
             "no text", "\\x7FELF"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(InputKind, TextThatOnlyBeginsLikeOneIsRead) {
  const TemporaryFolder folder;
  for (const char* begin : {"PAR1", "ORC", "BZh9", "RDX2", "\xff\xfe",
                            "\xef\xbb\xbf"
                            "FEA1"}) {
    ReaderOptions options;
    options.path = folder.write("events.csv", std::string(begin) + ",a,1\n" + begin + ",b,2\n");
    options.format = "csv";
    options.header = false;
    EXPECT_EQ(test::events_of(options).size(), 2u) << excerpt(begin);
  }
}

TEST(InputKind, FoldersAreNamedWithTheirFiles) {
  const TemporaryFolder folder;
  folder.write("events.csv", kTable);
  ReaderOptions options;
  options.path = folder.path().string();
  const auto error = caught([&] { open_events(options); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("this is a folder")) << error.message;
  EXPECT_TRUE(error.says("events.csv")) << error.message;
}

TEST(EncodingWarning, NamesTheFirstWholeLineThatIsNoUtf8) {
  EXPECT_EQ(encoding_warning("log", "user,item\n\xc3\x84,1\n"), "");
  EXPECT_EQ(encoding_warning("log", "user,item\nu,\xc3"), "") << "the last line may be cut";
  const std::string said = encoding_warning("log", "user,item\na,1\n\xc4,2\n");
  EXPECT_NE(said.find("log: the text is no UTF-8 (\"\\xC4,2\")"), std::string::npos) << said;
  EXPECT_NE(said.find("iconv -f ISO-8859-1"), std::string::npos) << said;
}

}  // namespace
}  // namespace truenext
