// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/random.h"

namespace upnext {

/// k items drawn uniformly with replacement for one query: draw j is a function of the key (seed,
/// step), of the query (user, position) and of j only. With `excluded` >= 0 that item is never
/// drawn and the others stay uniform.
void draw_uniform(PhiloxKey key, uint64_t stream, uint32_t position, int64_t num_items,
                  int32_t excluded, std::span<int32_t> out);

}  // namespace upnext
