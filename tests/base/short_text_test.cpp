// SPDX-License-Identifier: Apache-2.0
#include "base/short_text.h"

#include <gtest/gtest.h>

#include <string>

namespace truenext {
namespace {

/// Byte by byte.
uint64_t plain_first_word(const std::string& text) {
  uint64_t word = 0;
  for (size_t i = 0; i < text.size() && i < 8; ++i) {
    word |= uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  }
  return word;
}

TEST(ShortText, IsTheSameAsByteByByte) {
  for (size_t size = 0; size <= 40; ++size) {
    for (const char fill : {'\x01', 'a', '\x7f', '\x80', '\xff'}) {
      std::string text(size, fill);
      for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(text[i] ^ (i % 3 == 1 ? 4 : 0));
      ASSERT_EQ(first_word(text), plain_first_word(text)) << size;
      ASSERT_FALSE(has_zero_byte(text)) << size;
      for (size_t at = 0; at < size; ++at) {
        std::string zero = text;
        zero[at] = '\0';
        ASSERT_TRUE(has_zero_byte(zero)) << size << " " << at;
        ASSERT_EQ(first_word(zero), plain_first_word(zero)) << size << " " << at;
      }
    }
  }
}

}  // namespace
}  // namespace truenext
