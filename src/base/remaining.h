// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace upnext {

/// The number with `rank` numbers before it that are not in `without` (ascending, distinct): draws
/// from what remains need no second attempt.
inline int32_t remaining_at(uint32_t rank, std::span<const int32_t> without) {
  // without[i] - i remaining numbers stand before without[i].
  size_t low = 0, high = without.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (static_cast<uint32_t>(without[middle]) - static_cast<uint32_t>(middle) <= rank) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<int32_t>(rank + static_cast<uint32_t>(low));
}

}  // namespace upnext
