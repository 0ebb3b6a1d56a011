// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.h"

namespace truenext::net {

/// Memory that passes take piece by piece and give back at once; kept by its thread, so that a tile
/// finds the memory of the tile before it still in cache.
class Arena {
 public:
  /// n elements, aligned to a cache line, contents undefined.
  template <typename T>
  T* take(int64_t n) {
    return static_cast<T*>(take_bytes(static_cast<size_t>(n) * sizeof(T)));
  }
  /// Everything taken is free again. Several chunks become one of their size.
  void reset();

 private:
  void* take_bytes(size_t bytes);

  std::vector<AlignedVector<std::byte>> chunks_;
  size_t used_ = 0;  ///< of the last chunk
};

/// The calling thread's arena.
Arena& thread_arena();

}  // namespace truenext::net
