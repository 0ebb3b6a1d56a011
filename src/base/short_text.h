// SPDX-License-Identifier: Apache-2.0
// Short texts as whole words, without a call for each: ids are millions of texts of a few bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace truenext {

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");

template <typename Word>
Word load_word(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

/// Bytes 0 to 7 of a text, the first one lowest; 0 where it is shorter.
inline uint64_t first_word(std::string_view text) {
  const char* const data = text.data();
  const size_t size = text.size();
  if (size >= 8) return load_word<uint64_t>(data);
  if (size >= 4) {  // two loads that meet or overlap
    const uint64_t end = load_word<uint32_t>(data + size - 4);
    return load_word<uint32_t>(data) | end << (8 * (size - 4));
  }
  if (size == 0) return 0;
  const auto byte = [&](size_t at) {
    return uint64_t{static_cast<unsigned char>(data[at])} << (8 * at);
  };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

/// Whether a text holds a byte 0.
inline bool has_zero_byte(std::string_view text) {
  const auto in_word = [](uint64_t word) {
    return ((word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull) != 0;
  };
  const size_t size = text.size();
  if (size < 8) return in_word(first_word(text) | ~uint64_t{0} << (8 * size));
  if (size > 16) return std::memchr(text.data(), '\0', size) != nullptr;
  return in_word(load_word<uint64_t>(text.data())) ||
         in_word(load_word<uint64_t>(text.data() + size - 8));
}

}  // namespace truenext
