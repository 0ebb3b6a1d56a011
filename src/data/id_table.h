// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/short_text.h"

namespace truenext {

/// Gives byte strings the numbers 0, 1, 2, ... in the order in which they first come. The bytes lie
/// in an arena; an open-addressing table finds them: 50 to 80 bytes per id besides its text.
class IdTable {
 public:
  /// What the table looks for in the place of a text. Texts of up to 11 bytes, which most ids are,
  /// stand in the table itself: finding one touches one cache line instead of three. Of longer ones
  /// the hash stands there.
  struct Key {
    uint64_t head = 0;
    uint32_t tail = 0;  ///< the highest byte is the length, kLong or kNumber
    bool is_long() const { return tail >> 24 == kLong; }
    bool is_number() const { return tail >> 24 == kNumber; }
  };
  /// Of the id that is the digits of a number of 0 or more, without making them. A table that is
  /// given a number this way has to be given it this way each time; find() finds it by its digits.
  static Key key_of_number(int64_t number) {
    return {static_cast<uint64_t>(number), kNumber << 24};
  }
  static Key key_of(std::string_view raw) {
    const size_t size = raw.size();
    if (size > kInlineBytes) return long_key(raw);
    uint32_t tail = static_cast<uint32_t>(size) << 24;
    if (size > 8) tail |= load_word<uint32_t>(raw.data() + size - 4) >> (8 * (12 - size));
    return {first_word(raw), tail};
  }

  IdTable();

  /// The number of `raw`, a new one when it was not seen before. Data Error beyond 2^31 - 1 ids.
  int32_t intern(std::string_view raw) { return intern(key_of(raw), raw); }
  /// The same where the key is at hand; `raw` is looked at only if that is long.
  int32_t intern(const Key& key, std::string_view raw);
  std::optional<int32_t> find(std::string_view raw) const;
  /// Announces an intern() soon, so that the memory it needs is on its way: first the slot, some
  /// time later of a long key what the slot refers to, and then the text. (Inlined in any case: GCC
  /// drops calls of functions that do nothing but this.)
  [[gnu::always_inline]] void prefetch(const Key& key) const { __builtin_prefetch(&home(key)); }
  [[gnu::always_inline]] void prefetch_entry(const Key& key) const {
    const Slot& slot = home(key);
    if (slot.head == key.head && slot.id >= 0) __builtin_prefetch(&texts_[slot.id]);
  }
  [[gnu::always_inline]] void prefetch_text(const Key& key) const {
    const Slot& slot = home(key);
    if (slot.head == key.head && slot.id >= 0) __builtin_prefetch(texts_[slot.id].data());
  }

  int64_t size() const { return static_cast<int64_t>(texts_.size()); }
  /// Stays valid as long as the table lives.
  std::string_view raw(int64_t id) const { return texts_[static_cast<size_t>(id)]; }

 private:
  static constexpr size_t kInlineBytes = 11;
  static constexpr uint32_t kLong = 0xFF, kNumber = 0xFE;

  struct Slot {
    uint64_t head = 0;
    uint32_t tail = 0;
    int32_t id = -1;
  };

  static Key long_key(std::string_view raw);
  static uint64_t spread(const Key& key) {  // finaliser of MurmurHash3
    uint64_t x = key.head ^ (uint64_t{key.tail} * 0x9E3779B97F4A7C15ull);
    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDull;
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53ull;
    return x ^ (x >> 33);
  }
  const Slot& home(const Key& key) const { return slots_[spread(key) & (slots_.size() - 1)]; }
  size_t find_slot(const Key& key, std::string_view raw) const;
  std::string_view text_of(const Key& key, std::string_view raw, char* buffer) const;
  std::string_view store(std::string_view raw);
  void grow();

  bool holds_numbers_ = false;
  std::vector<Slot> slots_;
  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_ = nullptr;
  size_t block_left_ = 0;
};

}  // namespace truenext
