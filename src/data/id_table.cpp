// SPDX-License-Identifier: Apache-2.0
#include "data/id_table.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kFirstSlots = 1024;  // a power of two
constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kTextBytes = 20;  // of a short text, or of digits

/// The number of 0 or more whose digits these are.
std::optional<int64_t> written_number(std::string_view text) {
  int64_t number = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9' || (text[0] == '0' && text.size() > 1)) {
    return std::nullopt;
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

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
  char buffer[kTextBytes];
  holds_numbers_ |= key.is_number();
  texts_.push_back(store(text_of(key, raw, buffer)));
  slots_[at] = {key.head, key.tail, id};
  if (2 * texts_.size() > slots_.size()) grow();
  return id;
}

std::string_view IdTable::text_of(const Key& key, std::string_view raw, char* buffer) const {
  if (key.is_long()) return raw;
  if (key.is_number()) {
    const char* const end = std::to_chars(buffer, buffer + kTextBytes, key.head).ptr;
    return {buffer, static_cast<size_t>(end - buffer)};
  }
  std::memcpy(buffer, &key.head, sizeof(key.head));
  std::memcpy(buffer + sizeof(key.head), &key.tail, sizeof(key.tail));
  return {buffer, key.tail >> 24};
}

std::optional<int32_t> IdTable::find(std::string_view raw) const {
  const std::optional<int64_t> number = holds_numbers_ ? written_number(raw) : std::nullopt;
  const Key key = number ? key_of_number(*number) : key_of(raw);
  const Slot& slot = slots_[find_slot(key, raw)];
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
