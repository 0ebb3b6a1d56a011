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

constexpr size_t kInlineBytes = 11;
constexpr uint32_t kLong = 0xFF;

}  // namespace

IdTable::IdTable() : slots_(kFirstSlots) {}

bool IdTable::Key::is_long() const {
  return tail >> 24 == kLong;
}

IdTable::Key IdTable::key_of(std::string_view raw) {
  if (raw.size() > kInlineBytes) return {XXH3_64bits(raw.data(), raw.size()), kLong << 24};
  Key key;
  std::memcpy(&key.head, raw.data(), std::min<size_t>(raw.size(), sizeof(key.head)));
  if (raw.size() > sizeof(key.head)) {
    std::memcpy(&key.tail, raw.data() + sizeof(key.head), raw.size() - sizeof(key.head));
  }
  key.tail |= static_cast<uint32_t>(raw.size()) << 24;
  return key;
}

uint64_t IdTable::spread(Key key) {  // finaliser of MurmurHash3
  uint64_t x = key.head ^ (uint64_t{key.tail} * 0x9E3779B97F4A7C15ull);
  x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDull;
  x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53ull;
  return x ^ (x >> 33);
}

/// The slot that holds `raw`, or the free one where it belongs.
size_t IdTable::find_slot(std::string_view raw, Key key) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = spread(key) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return at;
    if (slot.head != key.head || slot.tail != key.tail) continue;
    if (!key.is_long() || texts_[static_cast<size_t>(slot.id)] == raw) return at;
  }
}

int32_t IdTable::intern(std::string_view raw) {
  const Key key = key_of(raw);
  const size_t at = find_slot(raw, key);
  if (slots_[at].id >= 0) return slots_[at].id;
  check_data(texts_.size() < static_cast<size_t>(std::numeric_limits<int32_t>::max()),
             "more than {} different ids: ids are 32-bit here",
             std::numeric_limits<int32_t>::max());
  const auto id = static_cast<int32_t>(texts_.size());
  texts_.push_back(store(raw));
  slots_[at] = {key.head, key.tail, id};
  if (2 * texts_.size() > slots_.size()) grow();
  return id;
}

std::optional<int32_t> IdTable::find(std::string_view raw) const {
  const Slot& slot = slots_[find_slot(raw, key_of(raw))];
  if (slot.id < 0) return std::nullopt;
  return slot.id;
}

void IdTable::prefetch(std::string_view raw) const {
  __builtin_prefetch(&slots_[spread(key_of(raw)) & (slots_.size() - 1)]);
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
    size_t at = spread({slot.head, slot.tail}) & mask;
    while (slots_[at].id >= 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace truenext
