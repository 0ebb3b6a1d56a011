// SPDX-License-Identifier: Apache-2.0
#include "objectives/candidates.h"

#include "kernels/kernels.h"

namespace upnext {

void draw_uniform(PhiloxKey key, uint64_t stream, uint32_t position, int64_t num_items,
                  int32_t excluded, std::span<int32_t> out) {
  const auto choices = static_cast<uint32_t>(num_items - (excluded >= 0 ? 1 : 0));
  kernels::uniform_items(key, stream, position, choices, excluded, static_cast<int64_t>(out.size()),
                         out.data());
}

}  // namespace upnext
