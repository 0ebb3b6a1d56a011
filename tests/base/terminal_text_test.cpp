// SPDX-License-Identifier: Apache-2.0
#include "base/terminal_text.h"

#include <gtest/gtest.h>

#include "base/json_text.h"
#include "base/utf8.h"

namespace truenext {
namespace {

struct Shown {
  std::string raw, cell, lines, json;
};

TEST(Utf8, CharactersAreCounted) {
  EXPECT_EQ(utf8_characters(""), 0U);
  EXPECT_EQ(utf8_characters("caf\xc3\xa9 \xe6\x97\xa5\xf0\x9f\x8e\xb5"), 7U);
  EXPECT_EQ(utf8_characters("a\xff\xc3"), 3U);
}

TEST(TerminalText, ControlBytesAndBrokenTextAreWrittenOut) {
  const Shown rows[] = {
      {"plain", "plain", "plain", "\"plain\""},
      {"back\\slash \"q\"", "back\\slash \"q\"", "back\\slash \"q\"",
       "\"back\\\\slash \\\"q\\\"\""},
      {"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x8e\xb5", "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x8e\xb5",
       "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x8e\xb5",
       "\"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x8e\xb5\""},
      {"a\tb\nc\r", "a\\tb\\nc\\r", "a\\tb\nc\\r", "\"a\\tb\\nc\\r\""},
      {"\x1b[31mred\x07", "\\x1B[31mred\\x07", "\\x1B[31mred\\x07", "\"\\u001b[31mred\\u0007\""},
      {"\x7f", "\\x7F", "\\x7F", "\"\\u007f\""},
      {std::string("\0", 1), "\\x00", "\\x00", "\"\\u0000\""},
      // C1 controls are two bytes of UTF-8, or one byte that is none.
      {"\xc2\x9b", "\\x9B", "\\x9B", "\"\xc2\x9b\""},
      {"\x9b", "\\x9B", "\\x9B", "\"\\ufffd\""},
      {"caf\xe9", "caf\\xE9", "caf\\xE9", "\"caf\\ufffd\""},
      {"\xe2\x80\xae right", "\\u202E right", "\\u202E right", "\"\xe2\x80\xae right\""},
      {"\xc0\xaf", "\\xC0\\xAF", "\\xC0\\xAF", "\"\\ufffd\\ufffd\""},  // overlong
      {"\xed\xa0\x80", "\\xED\\xA0\\x80", "\\xED\\xA0\\x80", "\"\\ufffd\\ufffd\\ufffd\""},  // half
      {"\xe6\x97", "\\xE6\\x97", "\\xE6\\x97", "\"\\ufffd\\ufffd\""},                       // cut
      {"\xf5\x80\x80\x80", "\\xF5\\x80\\x80\\x80", "\\xF5\\x80\\x80\\x80",
       "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
  };
  for (const Shown& row : rows) {
    SCOPED_TRACE(row.cell);
    EXPECT_EQ(printable(row.raw), row.cell);
    EXPECT_EQ(printable_lines(row.raw), row.lines);
    EXPECT_EQ(json_text(row.raw), row.json);
    EXPECT_TRUE(is_utf8(row.cell));
    EXPECT_EQ(is_utf8(row.raw), row.json.find("ufffd") == std::string::npos);
  }
}

TEST(TerminalText, LongTextsLoseTheirMiddle) {
  EXPECT_EQ(shortened("short", 100), "short");
  const std::string shown = shortened("begin" + std::string(1 << 20, 'x') + "end", 1000);
  EXPECT_LT(shown.size(), 1100u);
  EXPECT_TRUE(shown.starts_with("begin") && shown.ends_with("end"));
  EXPECT_NE(shown.find("bytes left out"), std::string::npos);
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\xe6\x97\xa5";
  for (size_t bytes = 90; bytes < 100; ++bytes) {
    EXPECT_EQ(printable(shortened(wide, bytes)), shortened(wide, bytes)) << "cut in a character";
  }
}

TEST(TerminalText, ExcerptsAreBegins) {
  EXPECT_EQ(excerpt("caf\xe9\n"), "caf\\xE9\\n");
  EXPECT_EQ(excerpt(std::string(500, 'x')), std::string(80, 'x') + "...");
  EXPECT_EQ(excerpt("abc", 2), "ab...");
  EXPECT_EQ(excerpt("ab\xc3\xa9", 3), "ab...") << "cut in a character";
  EXPECT_EQ(excerpt("\xef\xbb\xbfid"), "\\uFEFFid");
  EXPECT_EQ(excerpt_list({"a", "b\n"}), "a, b\\n");
  EXPECT_EQ(excerpt_list({"a", "b", "c"}, 2), "a, b and 1 more");
}

TEST(TerminalText, LinesFitTheirColumns) {
  struct Row {
    std::string line;
    size_t columns;
    std::string fitted;
  };
  const Row rows[] = {{"abc", 5, "abc"},
                      {"abc", 3, "abc"},
                      {"abc", 2, "ab"},
                      {"abc", 0, ""},
                      {"\xc3\xa9\xc3\xa9", 1, "\xc3\xa9"},
                      {"\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5"}};
  for (const Row& row : rows) EXPECT_EQ(fitted(row.line, row.columns), row.fitted);
}

}  // namespace
}  // namespace truenext
