// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace truenext {

/// The number with `rank` numbers before it that are not in `without` (ascending, distinct): draws
/// from what remains need no second attempt.
inline int32_t remaining_at(uint32_t rank, std::span<const int32_t> without) {
  // without[i] - i remaining numbers stand before without[i]. Steps without branches: ranks are
  // random, so every second branch would be guessed wrong.
  const auto before = [&](size_t i) {
    return static_cast<uint32_t>(without[i]) - static_cast<uint32_t>(i) <= rank;
  };
  size_t low = 0;
  size_t left = without.size();
  while (left > 1) {
    const size_t half = left / 2;
    low += before(low + half - 1) ? half : 0;
    left -= half;
  }
  if (left == 1 && before(low)) ++low;
  return static_cast<int32_t>(rank + static_cast<uint32_t>(low));
}

}  // namespace truenext
