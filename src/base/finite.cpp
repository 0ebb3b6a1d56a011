// SPDX-License-Identifier: Apache-2.0
#include "base/finite.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace truenext {

// A loop that could end at the first bad value would not become vector instructions.
bool all_finite(std::span<const float> values) {
  constexpr uint32_t kWithoutSign = 0x7FFFFFFF, kInfinity = 0x7F800000;
  uint32_t largest = 0;
  for (const float value : values) {
    largest = std::max(largest, std::bit_cast<uint32_t>(value) & kWithoutSign);
  }
  return largest < kInfinity;
}

}  // namespace truenext
