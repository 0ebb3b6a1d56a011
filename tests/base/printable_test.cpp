// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

#include <ostream>

namespace truenext {
namespace {

struct Shown {
  const char* name;
  std::string_view text, shown;
  friend std::ostream& operator<<(std::ostream& out, const Shown& row) { return out << row.name; }
};

class PrintableTest : public testing::TestWithParam<Shown> {};

TEST_P(PrintableTest, ShowsTextAndNamesTheBytesOfTheRest) {
  EXPECT_EQ(printable(GetParam().text), GetParam().shown);
  EXPECT_TRUE(is_utf8(printable(GetParam().text)));
}

INSTANTIATE_TEST_SUITE_P(Table, PrintableTest,
                         testing::Values(Shown{"plain", "caf\xc3\xa9 \xe2\x82\xac",
                                               "caf\xc3\xa9 \xe2\x82\xac"},
                                         Shown{"escape", "a\x1b[2Jb", "a\\x1b[2Jb"},
                                         Shown{"line_ends", "a\r\nb\tc", "a\\x0d\\x0ab\\x09c"},
                                         Shown{"zero", std::string_view("a\0b", 3), "a\\x00b"},
                                         Shown{"latin", "caf\xe9", "caf\\xe9"},
                                         Shown{"c1_control", "a\xc2\x9b", "a\\xc2\\x9b"},
                                         Shown{"direction", "a\xe2\x80\xae", "a\\xe2\\x80\\xae"},
                                         Shown{"overlong", "\xc0\xaf", "\\xc0\\xaf"},
                                         Shown{"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
                                         Shown{"cut_off", "\xe2\x82", "\\xe2\\x82"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Printable, CutsLongTexts) {
  EXPECT_EQ(printable(std::string(500, 'x')), std::string(kQuotedBytes, 'x') + "...");
  EXPECT_EQ(printable("abc", 2), "ab...");
}

TEST(PrintableList, SaysHowManyAreLeftOut) {
  EXPECT_EQ(printable_list({"a", "b\n"}), "a, b\\x0a");
  EXPECT_EQ(printable_list({"a", "b", "c"}, 2), "a, b and 1 more");
}

}  // namespace
}  // namespace truenext
