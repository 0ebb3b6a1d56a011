// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>

#include <string_view>

namespace truenext {
namespace {

std::string hash_of(std::initializer_list<std::string_view> pieces) {
  Fingerprint hash;
  for (const std::string_view piece : pieces) {
    hash.add(std::as_bytes(std::span(piece.data(), piece.size())));
  }
  return hash.hex();
}

TEST(Fingerprint, IsTheXxh3HashWhateverThePieces) {
  // XXH3_128bits("") as published with xxHash 0.8.
  EXPECT_EQ(hash_of({}), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash_of({"abc", "def"}), hash_of({"a", "", "bcdef"}));
  EXPECT_NE(hash_of({"abc"}), hash_of({"abd"}));
}

}  // namespace
}  // namespace truenext
