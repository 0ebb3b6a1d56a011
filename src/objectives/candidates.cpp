// SPDX-License-Identifier: Apache-2.0
#include "objectives/candidates.h"

namespace upnext {

void draw_uniform(PhiloxKey key, uint64_t stream, uint32_t position, int64_t num_items,
                  int32_t excluded, std::span<int32_t> out) {
  const uint64_t choices = static_cast<uint64_t>(num_items) - (excluded >= 0 ? 1 : 0);
  PhiloxCounter counter = {0, position, static_cast<uint32_t>(stream),
                           static_cast<uint32_t>(stream >> 32)};
  for (size_t begin = 0; begin < out.size(); begin += 4, ++counter[0]) {
    const PhiloxCounter words = philox(counter, key);
    for (size_t j = 0; j < 4 && begin + j < out.size(); ++j) {
      // Multiply-shift: the bias is below num_items / 2^32, far under any test of uniformity.
      const auto item = static_cast<int32_t>((words[j] * choices) >> 32);
      out[begin + j] = excluded >= 0 && item >= excluded ? item + 1 : item;
    }
  }
}

}  // namespace upnext
