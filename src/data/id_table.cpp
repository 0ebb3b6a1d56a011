// SPDX-License-Identifier: Apache-2.0
#include "data/id_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kFirstSlots = 1024;  // a power of two
constexpr size_t kBlockBytes = size_t{1} << 20;

}  // namespace

IdTable::IdTable() : slots_(kFirstSlots) {}

IdTable::Key IdTable::long_key(std::string_view raw) {
  return {XXH3_64bits(raw.data(), raw.size()), kLong << 24};
}

/// The slot that holds `raw`, or the free one where it belongs.
size_t IdTable::find_slot(const Key& key, std::string_view raw) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = spread(key) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return at;
    if (slot.head != key.head || slot.tail != key.tail) continue;
    if (!key.is_long() || texts_[static_cast<size_t>(slot.id)] == raw) return at;
  }
}

int32_t IdTable::intern(const Key& key, std::string_view raw) {
  const size_t at = find_slot(key, raw);
  if (slots_[at].id >= 0) return slots_[at].id;
  check_data(texts_.size() < static_cast<size_t>(std::numeric_limits<int32_t>::max()),
             "more than {} different ids: ids are 32-bit here",
             std::numeric_limits<int32_t>::max());
  const auto id = static_cast<int32_t>(texts_.size());
  char inside[sizeof(key.head) + sizeof(key.tail)];
  if (!key.is_long()) {
    std::memcpy(inside, &key.head, sizeof(key.head));
    std::memcpy(inside + sizeof(key.head), &key.tail, sizeof(key.tail));
    raw = {inside, key.tail >> 24};
  }
  texts_.push_back(store(raw));
  slots_[at] = {key.head, key.tail, id};
  if (2 * texts_.size() > slots_.size()) grow();
  return id;
}

std::optional<int32_t> IdTable::find(std::string_view raw) const {
  const Slot& slot = slots_[find_slot(key_of(raw), raw)];
  if (slot.id < 0) return std::nullopt;
  return slot.id;
}

std::string_view IdTable::store(std::string_view raw) {
  if (raw.empty()) return {};
  if (raw.size() > block_left_) {
    block_left_ = std::max(kBlockBytes, raw.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_left_));
    block_ = blocks_.back().get();
  }
  std::memcpy(block_, raw.data(), raw.size());
  const std::string_view stored(block_, raw.size());
  block_ += raw.size();
  block_left_ -= raw.size();
  return stored;
}

void IdTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  std::swap(old, slots_);
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    size_t at = spread(Key{slot.head, slot.tail}) & mask;
    while (slots_[at].id >= 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace truenext
