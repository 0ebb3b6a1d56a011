// SPDX-License-Identifier: Apache-2.0
#include "base/shell_text.h"

#include <gtest/gtest.h>

namespace truenext {
namespace {

TEST(ShellText, WordsAreQuotedWhereTheyNeedIt) {
  EXPECT_EQ(shell_word("data/log-1.csv"), "data/log-1.csv");
  EXPECT_EQ(shell_word("\xc3\x84rger.csv"), "\xc3\x84rger.csv");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's; $x"), "'it'\\''s; $x'");
  const std::string long_name(300, 'x');
  EXPECT_EQ(shell_word(long_name), long_name) << "a command that is cut cannot be called";
}

TEST(ShellText, QuotedTextIsAlwaysQuoted) {
  EXPECT_EQ(shell_quoted("a"), "'a'");
  EXPECT_EQ(shell_quoted("x;"), "'x;'");
}

}  // namespace
}  // namespace truenext
