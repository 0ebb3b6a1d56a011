// SPDX-License-Identifier: Apache-2.0
#include "net/arena.h"

#include <algorithm>

namespace truenext::net {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kFirstChunk = size_t{1} << 20;

}  // namespace

void* Arena::take_bytes(size_t bytes) {
  bytes = (bytes + kLine - 1) / kLine * kLine;
  if (chunks_.empty() || used_ + bytes > chunks_.back().size()) {
    const size_t grown = chunks_.empty() ? kFirstChunk : chunks_.back().size();
    chunks_.emplace_back().resize(std::max(bytes, grown));
    used_ = 0;
  }
  void* at = chunks_.back().data() + used_;
  used_ += bytes;
  return at;
}

void Arena::reset() {
  if (chunks_.size() > 1) {
    size_t total = 0;
    for (const auto& chunk : chunks_) total += chunk.size();
    chunks_.clear();
    chunks_.emplace_back().resize(total);
  }
  used_ = 0;
}

Arena& thread_arena() {
  thread_local Arena arena;
  return arena;
}

}  // namespace truenext::net
