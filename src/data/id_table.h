// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace truenext {

/// Gives byte strings the numbers 0, 1, 2, ... in the order in which they first come. The bytes lie
/// in an arena; an open-addressing table finds them: 50 to 80 bytes per id besides its text.
class IdTable {
 public:
  IdTable();

  /// The number of `raw`, a new one when it was not seen before. Data Error beyond 2^31 - 1 ids.
  int32_t intern(std::string_view raw);
  std::optional<int32_t> find(std::string_view raw) const;
  /// Announces an intern() of `raw` soon, so that the memory it needs is on its way.
  void prefetch(std::string_view raw) const;

  int64_t size() const { return static_cast<int64_t>(texts_.size()); }
  /// Stays valid as long as the table lives.
  std::string_view raw(int64_t id) const { return texts_[static_cast<size_t>(id)]; }

 private:
  /// Texts of up to 11 bytes, which most ids are, stand in the table itself: finding one touches
  /// one cache line instead of three. Of longer ones the hash stands there.
  struct Key {
    uint64_t head = 0;
    uint32_t tail = 0;  // the highest byte is the length, or kLong
    bool is_long() const;
  };
  struct Slot {
    uint64_t head = 0;
    uint32_t tail = 0;
    int32_t id = -1;
  };

  static Key key_of(std::string_view raw);
  static uint64_t spread(Key key);
  size_t find_slot(std::string_view raw, Key key) const;
  std::string_view store(std::string_view raw);
  void grow();

  std::vector<Slot> slots_;
  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_ = nullptr;
  size_t block_left_ = 0;
};

}  // namespace truenext
