// SPDX-License-Identifier: Apache-2.0
#include "kernels/scratch.h"

#include <array>
#include <cstdlib>
#include <new>

namespace truenext::kernels {
namespace {

constexpr size_t kAlignment = 64;

struct Buffer {
  void* data = nullptr;
  size_t size = 0;

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data); }

  void* reserve(size_t bytes) {
    if (bytes <= size) return data;
    std::free(data);
    data = nullptr;
    size = (bytes + bytes / 2 + kAlignment - 1) / kAlignment * kAlignment;
    data = std::aligned_alloc(kAlignment, size);
    if (!data) {
      size = 0;
      throw std::bad_alloc();
    }
    return data;
  }
};

thread_local std::array<Buffer, static_cast<size_t>(Scratch::size)> buffers;

}  // namespace

void* scratch_bytes(Scratch use, size_t bytes) {
  return buffers[static_cast<size_t>(use)].reserve(bytes);
}

}  // namespace truenext::kernels
